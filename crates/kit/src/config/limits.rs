use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Faults;

/// What one process takes on before it refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of one request message.
    pub max_message_bytes: usize,
    /// Requests in work at once; more are answered RESOURCE_EXHAUSTED.
    pub max_concurrent_requests: usize,
    /// HTTP/2 streams of one connection.
    pub max_streams_per_connection: u32,
    /// Bytes of one request's headers.
    pub max_header_bytes: u32,
    /// Seconds for a unary call whose caller set no deadline.
    pub default_deadline_seconds: u64,
    /// Seconds that no call exceeds, whatever its caller asks for; also for streams without a deadline.
    pub max_deadline_seconds: u64,
    /// Seconds after which a connection is asked to reconnect, so that load spreads over new replicas.
    pub max_connection_age_seconds: u64,
    /// Seconds that running work gets to finish after SIGTERM.
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
    /// Every limit is one: none is zero, and the default deadline is not above the greatest.
    pub fn validate(&self, faults: &mut Faults) {
        let message = (64 << 10..=64 << 20).contains(&self.max_message_bytes);
        faults.require(message, "max_message_bytes", "must be between 64 KiB and 64 MiB");
        faults.require(self.max_concurrent_requests > 0, "max_concurrent_requests", "must be at least 1");
        faults.require(self.max_streams_per_connection > 0, "max_streams_per_connection", "must be at least 1");
        faults.require(self.max_header_bytes >= 4096, "max_header_bytes", "must be at least 4096");
        faults.require(self.default_deadline_seconds > 0, "default_deadline_seconds", "must be at least 1");
        let ordered = self.max_deadline_seconds >= self.default_deadline_seconds;
        faults.require(ordered, "max_deadline_seconds", "must not be below default_deadline_seconds");
        faults.require(self.max_connection_age_seconds >= 10, "max_connection_age_seconds", "must be at least 10");
    }

    /// [`Self::shutdown_grace_seconds`].
    #[must_use]
    pub fn shutdown_grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_grace_seconds)
    }
}
