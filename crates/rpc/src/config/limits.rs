//! The `limits` section of the configuration.
use std::time::Duration;

use serde::{Deserialize, Serialize};

use cpor_process::{config::ValidationErrors, lifecycle::Shutdown, listener::ConnectionLimits};

/// The time in which a client must complete the TLS handshake and send its first request.
const SETUP_TIMEOUT: Duration = Duration::from_secs(20);
/// The time in which a client must read at least one byte of a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The time after which a connection without a request is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// The memory that an upload takes besides its messages: the bytes that the transport has received
/// and the service has not read, and the part that is being written to the store of evidence
/// documents.
pub(crate) const UPLOAD_BYTES: usize = 3 << 20;
/// `max_request_bytes` must be at least this many times `max_message_bytes`.
const MIN_MESSAGES: usize = 48;

/// The limits for requests and connections of one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The maximum size of a request message, in bytes.
    pub max_message_bytes: usize,
    /// The maximum memory that the request messages of concurrent calls take, in bytes: half of it
    /// for uploads, a third for the other calls of users, a twelfth for the calls of services, and
    /// a twelfth for the deliveries of events. A message counts twice its size, because it is in
    /// memory encoded and decoded. One company gets at most a quarter of each part, one user an
    /// eighth, and one service half.
    pub max_request_bytes: usize,
    /// The maximum number of concurrent unary calls of users. Further calls get RESOURCE_EXHAUSTED.
    /// One company gets at most a quarter of these, and one user an eighth. The same shares apply
    /// to the next two limits.
    pub max_concurrent_requests: usize,
    /// The maximum number of concurrent streams of responses, for example watches.
    pub max_concurrent_streams: usize,
    /// The maximum number of concurrent uploads. Each takes about 5 MiB of memory.
    pub max_concurrent_uploads: usize,
    /// The maximum number of concurrent calls of the other services. One service gets at most half.
    /// The same number of deliveries of events is admitted in addition.
    pub max_concurrent_service_requests: usize,
    /// The maximum number of open connections of each listener. Further ones are closed at once.
    pub max_connections: usize,
    /// The maximum number of open gRPC connections of one client address (IPv6: of a /64 network).
    pub max_connections_per_address: usize,
    /// The maximum number of open connections to the consent page (on which customers decide about
    /// claims) of one client address (IPv6: of a /64 network). Set it higher if a proxy terminates
    /// the connections of the customers.
    pub max_page_connections_per_address: usize,
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
    /// The time after SIGTERM in which the process still serves, but reports that it is not ready,
    /// in seconds. Set it to 8 or more where there are several replicas, so that all callers find
    /// the others before this one refuses connections.
    pub shutdown_pause_seconds: u64,
    /// The time in which running work can finish after the pause, in seconds.
    pub shutdown_grace_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_bytes: 4 << 20,
            max_request_bytes: 384 << 20,
            max_concurrent_requests: 1024,
            max_concurrent_streams: 512,
            max_concurrent_uploads: 32,
            max_concurrent_service_requests: 1024,
            max_connections: 4096,
            max_connections_per_address: 512,
            max_page_connections_per_address: 32,
            max_streams_per_connection: 256,
            max_header_bytes: 16 << 10,
            default_deadline_seconds: 30,
            max_deadline_seconds: 300,
            max_connection_age_seconds: 1800,
            shutdown_pause_seconds: 0,
            shutdown_grace_seconds: 20,
        }
    }
}

impl Limits {
    /// Adds an error for each limit that is out of range. The times of the shutdown may have any
    /// value.
    pub fn validate(&self, errors: &mut ValidationErrors) {
        let is_message_size_valid = (64 << 10..=64 << 20).contains(&self.max_message_bytes);
        errors.require(is_message_size_valid, "max_message_bytes", "must be between 64 KiB and 64 MiB");
        // So that a user and a service can send at least one message of the maximum size, and a
        // user can upload, for which a sixteenth of the memory is reserved.
        let fits_a_message = self.max_request_bytes / MIN_MESSAGES >= self.max_message_bytes;
        let fits_an_upload = self.max_request_bytes / 16 >= UPLOAD_BYTES + 2 * self.max_message_bytes;
        errors.require(
            fits_a_message && fits_an_upload,
            "max_request_bytes",
            "must be at least 48 times max_message_bytes, and at least 48 MiB plus 32 times max_message_bytes",
        );
        errors.require(self.max_concurrent_requests > 0, "max_concurrent_requests", "must be at least 1");
        errors.require(self.max_concurrent_streams > 0, "max_concurrent_streams", "must be at least 1");
        errors.require(self.max_concurrent_uploads > 0, "max_concurrent_uploads", "must be at least 1");
        let is_service_limit_valid = self.max_concurrent_service_requests > 0;
        errors.require(is_service_limit_valid, "max_concurrent_service_requests", "must be at least 1");
        errors.require(self.max_connections > 0, "max_connections", "must be at least 1");
        errors.require(self.max_connections_per_address > 0, "max_connections_per_address", "must be at least 1");
        let is_page_limit_valid = self.max_page_connections_per_address > 0;
        errors.require(is_page_limit_valid, "max_page_connections_per_address", "must be at least 1");
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

    /// Returns the limits for the connections of the gRPC listener. A connection ends at the latest
    /// when its age and then the longest call are over, even if the client ignores the request to
    /// reconnect.
    #[must_use]
    pub fn grpc_connections(&self) -> ConnectionLimits {
        let max_lifetime = self.max_connection_age_seconds.saturating_add(self.max_deadline_seconds);
        ConnectionLimits {
            max_open: self.max_connections,
            max_open_per_address: self.max_connections_per_address,
            setup_timeout: SETUP_TIMEOUT,
            write_timeout: WRITE_TIMEOUT,
            idle_timeout: Some(IDLE_TIMEOUT),
            max_lifetime: Some(Duration::from_secs(max_lifetime)),
        }
    }

    /// Returns the limits for the connections of the consent page.
    #[must_use]
    pub fn page_connections(&self) -> ConnectionLimits {
        let max_open_per_address = self.max_page_connections_per_address;
        ConnectionLimits { max_open_per_address, idle_timeout: None, max_lifetime: None, ..self.grpc_connections() }
    }

    /// Returns the shutdown with its pause and its grace period.
    #[must_use]
    pub fn shutdown(&self) -> Shutdown {
        let seconds = Duration::from_secs;
        Shutdown::new(seconds(self.shutdown_grace_seconds)).with_pause(seconds(self.shutdown_pause_seconds))
    }
}
