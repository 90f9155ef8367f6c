//! The context of the call that is being handled: its request id and its deadline.
use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

/// The time at which the server ends the call: shortly before the client stops waiting, if the
/// client set a deadline. The extensions of every request contain it, for services that do long
/// work in steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallDeadline {
    /// The deadline on the clock of the Tokio runtime.
    pub at: Instant,
}

impl CallDeadline {
    /// Returns the time until the deadline, or zero if it has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }
}

/// The id of a request, as it is stored in the extensions of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);

/// The request id and the deadline of a call.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// The id that the client gave the request in a header, or else a generated one.
    pub request_id: Arc<str>,
    /// The time at which the server ends the call.
    pub deadline: CallDeadline,
}

tokio::task_local! {
    /// The context of the call that the current task handles. Outgoing calls pass on the request id
    /// (for logs only) and wait no longer than the deadline.
    pub static CALL_CONTEXT: CallContext;
}

/// Returns the id of the request that the current task handles, or `None` outside a call.
#[must_use]
pub fn current_request_id() -> Option<String> {
    CALL_CONTEXT.try_with(|call| call.request_id.to_string()).ok()
}

/// Returns the time until the deadline of the call that the current task handles, or `None` outside
/// a call.
#[must_use]
pub fn remaining_time() -> Option<Duration> {
    CALL_CONTEXT.try_with(|call| call.deadline.remaining()).ok()
}
