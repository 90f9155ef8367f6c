//! The receiving side of events: what a service implements to take them in.
use cpor_proto::events::v1::{Event, event::Payload};
use cpor_types::{Actor, Timestamp};

use crate::{Command, Failure, Key, Position, StreamKey};

/// Takes in the events that other services send to one service.
#[async_trait::async_trait]
pub trait Receiver: Send + Sync {
    /// Makes the event take effect, once: by a command made with [`Incoming::command`], which carries the event's
    /// position into the transaction that applies it; or by idempotent commands and then
    /// [`Inbox::advance`](crate::Inbox::advance). Events of one stream come in order, one at a time.
    ///
    /// # Errors
    /// See [`ReceiveError`].
    async fn apply(&self, incoming: Incoming) -> Result<(), ReceiveError>;
}

/// An event that has arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// Its place in its stream.
    pub position: Position,
    /// Who caused it.
    pub actor: Actor,
    /// Since when it counts, in business time.
    pub effective_time: Timestamp,
    /// What happened.
    pub payload: Payload,
}

impl Incoming {
    /// A command on `key` that applies this event, at most once and in its order.
    #[must_use]
    pub fn command(&self, name: &'static str, key: Key) -> Command {
        Command::new(name, key, self.actor.clone()).at(self.effective_time).position(self.position.clone())
    }

    /// An event from the wire.
    pub(crate) fn read(stream: &StreamKey, event: Event) -> Result<Self, ReceiveError> {
        let missing = |what: &str| ReceiveError::Park(format!("the event's {what} is missing or unknown"));
        let actor = event.actor.as_ref().and_then(crate::wire::actor_from).ok_or_else(|| missing("actor"))?;
        let effective_time = event.effective_time.as_ref().and_then(crate::wire::timestamp_from);
        let effective_time = effective_time.ok_or_else(|| missing("effective_time"))?;
        let payload = event.payload.ok_or_else(|| missing("payload"))?;
        let position = Position { stream: stream.clone(), sequence: event.sequence };
        Ok(Self { position, actor, effective_time, payload })
    }
}

/// Why an event has not taken effect. Text is for operators: nothing personal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// For now; the sender tries again.
    #[error("{0}")]
    Retry(String),
    /// For good; the sender parks the stream until an operator retries it.
    #[error("{0}")]
    Park(String),
    /// Events before it have not arrived.
    #[error("event {expected} must come first")]
    Gap {
        /// The sequence that must come next.
        expected: u64,
    },
}

impl ReceiveError {
    /// An event that this service does not take, or cannot make sense of.
    pub fn park(why: impl std::fmt::Display) -> Self {
        Self::Park(why.to_string())
    }
}

/// A fact is never refused, so a refusal parks the stream; whatever passes by itself is retried.
impl<R: std::fmt::Debug, C> From<Failure<R, C>> for ReceiveError {
    fn from(failure: Failure<R, C>) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::Park(format!("refused: {refusal:?}")),
            Failure::Clash(_) => Self::Park("a uniqueness rule of the database refused it".to_owned()),
            Failure::RequestIdReused => Self::Park("its request id was used with another body".to_owned()),
            Failure::Gap { expected } => Self::Gap { expected },
            Failure::Moved { .. } => Self::Retry("the aggregate moved".to_owned()),
            Failure::Overloaded => Self::Retry("too many commands wait".to_owned()),
            // What it says is for the log, where the writer has put it.
            Failure::Unavailable(_) => Self::Retry("unavailable".to_owned()),
        }
    }
}
