//! The `limits` section of the configuration.
use std::time::Duration;

use serde::{Deserialize, Serialize};

use cpor_process::config::ValidationErrors;

/// The limits for requests and connections of one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The maximum size of a request message, in bytes.
    pub max_message_bytes: usize,
    /// The maximum number of concurrent requests. Further requests get RESOURCE_EXHAUSTED.
    pub max_concurrent_requests: usize,
    /// The maximum number of concurrent HTTP/2 streams of one connection.
    pub max_streams_per_connection: u32,
    /// The maximum size of the headers of a request, in bytes.
    pub max_header_bytes: u32,
    /// The time limit for a unary call whose client sets no deadline, in seconds.
    pub default_deadline_seconds: u64,
    /// The maximum time for any call, in seconds. It also limits the deadlines that clients
    /// request. It is also the time limit for streams without a deadline.
    pub max_deadline_seconds: u64,
    /// The age of a connection after which its client is asked to reconnect, in seconds, so that
    /// new replicas get their share of the load.
    pub max_connection_age_seconds: u64,
    /// The time in which running work can finish after SIGTERM, in seconds.
    pub shutdown_grace_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_bytes: 4 << 20,
            max_concurrent_requests: 1024,
            max_streams_per_connection: 256,
            max_header_bytes: 16 << 10,
            default_deadline_seconds: 30,
            max_deadline_seconds: 300,
            max_connection_age_seconds: 1800,
            shutdown_grace_seconds: 20,
        }
    }
}

impl Limits {
    /// Adds an error for each limit that is out of range. `shutdown_grace_seconds` may have any
    /// value.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        let is_message_size_valid = (64 << 10..=64 << 20).contains(&self.max_message_bytes);
        errors.require(is_message_size_valid, "max_message_bytes", "must be between 64 KiB and 64 MiB");
        errors.require(self.max_concurrent_requests > 0, "max_concurrent_requests", "must be at least 1");
        errors.require(self.max_streams_per_connection > 0, "max_streams_per_connection", "must be at least 1");
        errors.require(self.max_header_bytes >= 4096, "max_header_bytes", "must be at least 4096");
        errors.require(self.default_deadline_seconds > 0, "default_deadline_seconds", "must be at least 1");
        let is_max_at_least_default = self.max_deadline_seconds >= self.default_deadline_seconds;
        errors.require(
            is_max_at_least_default,
            "max_deadline_seconds",
            "must be at least the value of default_deadline_seconds",
        );
        errors.require(self.max_connection_age_seconds >= 10, "max_connection_age_seconds", "must be at least 10");
    }

    /// Returns [`Self::shutdown_grace_seconds`] as a duration.
    #[must_use]
    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_grace_seconds)
    }
}
