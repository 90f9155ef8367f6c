//! A job: a command with its decision function and the channel to its caller. The type of the
//! refusal is erased, so that commands with different refusals can share a transaction.
use std::panic::{AssertUnwindSafe, catch_unwind};

use cpor_types::Timestamp;
use tokio::sync::oneshot;
use tracing::Span;

use crate::{Command, CommandError, CommandOutcome, Store, Transition};

/// The result of a job as the task that commits jobs sees it. The typed refusal stays
/// inside the job.
pub(super) type JobResult<S> =
    Result<CommandOutcome<<S as Store>::Aggregate>, CommandError<(), <S as Store>::Conflict>>;

/// The sending half of the channel on which the caller waits for the result.
pub(super) type ResultSender<S, R> = oneshot::Sender<super::CommandResult<S, R>>;

/// The decision about a command.
pub(super) enum Decision<S: Store> {
    /// The aggregate changes.
    Change(Transition<S::Aggregate>),
    /// The command is accepted and changes nothing.
    Unchanged,
    /// The command is refused. The job keeps the typed refusal.
    Refused,
}

/// A command that waits in the queue or is being decided.
pub(super) struct Job<S: Store> {
    pub(super) command: Command,
    /// The W3C trace context of the command, which its events continue.
    pub(super) traceparent: String,
    pub(super) span: Span,
    decider: Box<dyn ErasedDecider<S>>,
}

impl<S: Store> Job<S> {
    pub(super) fn new<R, D>(command: Command, decide: D, sender: ResultSender<S, R>) -> Self
    where
        R: Send + 'static,
        D: Fn(Option<&S::Aggregate>, Timestamp) -> Result<Option<Transition<S::Aggregate>>, R> + Send + 'static,
    {
        let decider = Box::new(Decider { decide, refusal: None, sender });
        Self { command, traceparent: cpor_process::telemetry::traceparent(), span: Span::current(), decider }
    }

    /// Calls the decision function. It is called again if the transaction failed and is retried.
    pub(super) fn decide(&mut self, state: Option<&S::Aggregate>, now: Timestamp) -> Decision<S> {
        self.decider.decide(state, now)
    }

    /// Sends the result to the caller and ends the job.
    pub(super) fn complete(self, result: JobResult<S>) {
        self.decider.complete(result);
    }
}

/// A [`Decider`] without the types of its refusal and its decision function.
trait ErasedDecider<S: Store>: Send {
    fn decide(&mut self, state: Option<&S::Aggregate>, now: Timestamp) -> Decision<S>;
    fn complete(self: Box<Self>, result: JobResult<S>);
}

/// A decision function with its last refusal and the channel to the caller.
struct Decider<S: Store, R, D> {
    /// The decision function.
    decide: D,
    /// The refusal of the last call, if it refused the command.
    refusal: Option<R>,
    sender: ResultSender<S, R>,
}

impl<S, R, D> ErasedDecider<S> for Decider<S, R, D>
where
    S: Store,
    R: Send + 'static,
    D: Fn(Option<&S::Aggregate>, Timestamp) -> Result<Option<Transition<S::Aggregate>>, R> + Send + 'static,
{
    fn decide(&mut self, state: Option<&S::Aggregate>, now: Timestamp) -> Decision<S> {
        match (self.decide)(state, now) {
            Ok(Some(transition)) => Decision::Change(transition),
            Ok(None) => Decision::Unchanged,
            Err(refusal) => {
                self.refusal = Some(refusal);
                Decision::Refused
            }
        }
    }

    fn complete(self: Box<Self>, result: JobResult<S>) {
        let Self { refusal, sender, .. } = *self;
        let result = result.map_err(|failure| match failure {
            CommandError::Refused(()) => match refusal {
                Some(refusal) => CommandError::Refused(refusal),
                None => CommandError::Unavailable("the command was refused without a refusal".to_owned()),
            },
            CommandError::Conflict(conflict) => CommandError::Conflict(conflict),
            CommandError::VersionMismatch { expected, actual } => CommandError::VersionMismatch { expected, actual },
            CommandError::RequestIdReused => CommandError::RequestIdReused,
            CommandError::SequenceGap { expected } => CommandError::SequenceGap { expected },
            CommandError::Overloaded => CommandError::Overloaded,
            CommandError::Unavailable(reason) => CommandError::Unavailable(reason),
        });
        // Sending fails if the caller no longer waits. A committed command stays committed.
        let (Ok(()) | Err(_)) = sender.send(result);
    }
}

/// Runs code of the service and turns a panic into an error, so that only the command that panics
/// fails.
pub(super) fn catch_panic<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| panic_text(panic.as_ref()))
}

/// Returns the message of a panic.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", message.unwrap_or("(no text)"))
}
