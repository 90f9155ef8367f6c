//! A command with its decision, whatever its type of refusal.
use std::panic::{AssertUnwindSafe, catch_unwind};

use cpor_types::Timestamp;
use tokio::sync::oneshot;
use tracing::Span;

use crate::{Command, Committed, Failure, Store, Transition};

/// What a lane answers; the refusal itself stays with the job.
pub(super) type Answer<S> = Result<Committed<<S as Store>::Aggregate>, Failure<(), <S as Store>::Clash>>;

/// Where the caller waits.
pub(super) type Reply<S, R> = oneshot::Sender<super::Outcome<S, R>>;

/// What a decision function said.
pub(super) enum Decision<S: Store> {
    Change(Transition<S::Aggregate>),
    Nothing,
    Refused,
}

/// A command on its way through a lane.
pub(super) struct Job<S: Store> {
    pub(super) command: Command,
    /// The trace that the command's events continue.
    pub(super) traceparent: String,
    pub(super) span: Span,
    decide: Box<dyn Decide<S>>,
}

impl<S: Store> Job<S> {
    pub(super) fn new<R, D>(command: Command, decide: D, reply: Reply<S, R>) -> Self
    where
        R: Send + 'static,
        D: Fn(Option<&S::Aggregate>, Timestamp) -> Result<Option<Transition<S::Aggregate>>, R> + Send + 'static,
    {
        let decide = Box::new(Typed { decide, refusal: None, reply });
        Self { command, traceparent: cpor_kit::telemetry::traceparent(), span: Span::current(), decide }
    }

    /// Asks the decision function; it may be asked again when the transaction failed.
    pub(super) fn decide(&mut self, state: Option<&S::Aggregate>, now: Timestamp) -> Decision<S> {
        self.decide.decide(state, now)
    }

    /// Ends the job. Nobody may be listening any more.
    pub(super) fn answer(self, answer: Answer<S>) {
        self.decide.answer(answer);
    }
}

trait Decide<S: Store>: Send {
    fn decide(&mut self, state: Option<&S::Aggregate>, now: Timestamp) -> Decision<S>;
    fn answer(self: Box<Self>, answer: Answer<S>);
}

struct Typed<S: Store, R, D> {
    decide: D,
    refusal: Option<R>,
    reply: Reply<S, R>,
}

impl<S, R, D> Decide<S> for Typed<S, R, D>
where
    S: Store,
    R: Send + 'static,
    D: Fn(Option<&S::Aggregate>, Timestamp) -> Result<Option<Transition<S::Aggregate>>, R> + Send + 'static,
{
    fn decide(&mut self, state: Option<&S::Aggregate>, now: Timestamp) -> Decision<S> {
        match (self.decide)(state, now) {
            Ok(Some(transition)) => Decision::Change(transition),
            Ok(None) => Decision::Nothing,
            Err(refusal) => {
                self.refusal = Some(refusal);
                Decision::Refused
            }
        }
    }

    fn answer(self: Box<Self>, answer: Answer<S>) {
        let Self { refusal, reply, .. } = *self;
        let answer = answer.map_err(|failure| match failure {
            Failure::Refused(()) => match refusal {
                Some(refusal) => Failure::Refused(refusal),
                None => Failure::Unavailable("refused without a refusal".to_owned()),
            },
            Failure::Clash(clash) => Failure::Clash(clash),
            Failure::Moved { expected, actual } => Failure::Moved { expected, actual },
            Failure::RequestIdReused => Failure::RequestIdReused,
            Failure::Gap { expected } => Failure::Gap { expected },
            Failure::Overloaded => Failure::Overloaded,
            Failure::Unavailable(why) => Failure::Unavailable(why),
        });
        // The caller may have given up; what was committed stays committed.
        let (Ok(()) | Err(_)) = reply.send(answer);
    }
}

/// Runs code of the service; its panic is that command's failure and nobody else's.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| panic_text(panic.as_ref()))
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", said.unwrap_or("(no text)"))
}
