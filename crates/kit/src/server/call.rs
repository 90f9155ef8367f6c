use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

/// When the caller stops waiting. In the request's extensions, for services that do long work in steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallDeadline {
    /// The end, on the runtime's clock.
    pub at: Instant,
}

impl CallDeadline {
    /// How long is left; zero when it has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }
}

/// The id of a request, in its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestId(pub(super) Arc<str>);

/// What is known about the call that the current task answers.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) request_id: Arc<str>,
    pub(super) deadline: CallDeadline,
}

tokio::task_local! {
    /// Carried to calls of other services, which tell nothing apart by it but their logs.
    pub(super) static CALL: Call;
}

/// The id of the request that the current task answers, if it answers one.
pub(crate) fn current_request_id() -> Option<String> {
    CALL.try_with(|call| call.request_id.to_string()).ok()
}

/// How long the caller of the current task still waits, if there is one.
pub(crate) fn remaining() -> Option<Duration> {
    CALL.try_with(|call| call.deadline.remaining()).ok()
}
