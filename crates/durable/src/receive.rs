//! The receiving side of events: the trait that a service implements to apply the events of other
//! services. The events of one aggregate (such as a claim) arrive as a stream, numbered and in
//! order.
use cpor_proto::events::v1::{Event, event::Payload};
use cpor_proto::wire_time::from_wire_time;
use cpor_types::{Actor, Timestamp};

use crate::{AggregateKey, Command, CommandError, StreamKey, StreamPosition};

/// Applies the events that other services send to one service.
#[async_trait::async_trait]
pub trait EventReceiver: Send + Sync {
    /// Applies an event exactly once. The events of one stream arrive in order, one at a time.
    ///
    /// An implementation has two ways to apply an event only once. It may execute one command made
    /// with [`IncomingEvent::command`], which contains the event's position, so that the
    /// transaction that applies the event also records the position. Or it may execute several
    /// idempotent commands and then call [`Inbox::mark_applied`](crate::Inbox::mark_applied).
    ///
    /// # Errors
    /// Returns a [`ReceiveError`] that says whether the sender tries again or parks the stream.
    async fn apply(&self, incoming: IncomingEvent) -> Result<(), ReceiveError>;
}

/// An event that has arrived from another service.
#[derive(Clone, Debug, PartialEq)]
pub struct IncomingEvent {
    /// The event's stream and its number in the stream.
    pub position: StreamPosition,
    /// The actor who caused the event.
    pub actor: Actor,
    /// The time from which the event counts, by the business clock of the sending service (which
    /// deadlines use and which can be virtual).
    pub effective_time: Timestamp,
    /// The content of the event.
    pub payload: Payload,
}

impl IncomingEvent {
    /// Creates a command on `key` that applies this event at most once and in the order of its
    /// stream.
    #[must_use]
    pub fn command(&self, name: &'static str, key: AggregateKey) -> Command {
        Command::new(name, key, self.actor.clone())
            .effective_at(self.effective_time)
            .with_position(self.position.clone())
    }

    /// Returns the error for an event of a kind that the service does not expect. The error parks
    /// the stream (stops its delivery until an operator retries it), because a sender addresses an
    /// event to this service only if the service must apply it.
    #[must_use]
    pub fn unexpected(&self) -> ReceiveError {
        let event = Event { payload: Some(self.payload.clone()), ..Event::default() };
        let kind = cpor_rpc::reflect::oneof_field(&event, "payload").unwrap_or_default();
        ReceiveError::Park(format!("the service does not accept events of the kind `{kind}`"))
    }

    /// Converts an event of `stream` from its protobuf message.
    pub(crate) fn read(stream: &StreamKey, event: Event) -> Result<Self, ReceiveError> {
        let missing = |field: &str| ReceiveError::Park(format!("the event's {field} is missing or unknown"));
        let actor = event.actor.as_ref().and_then(crate::wire::actor_from_wire).ok_or_else(|| missing("actor"))?;
        let effective_time = event.effective_time.and_then(from_wire_time);
        let effective_time = effective_time.ok_or_else(|| missing("effective_time"))?;
        let payload = event.payload.ok_or_else(|| missing("payload"))?;
        let position = StreamPosition { stream: stream.clone(), sequence: event.sequence };
        Ok(Self { position, actor, effective_time, payload })
    }
}

/// The reason why an event was not applied. The texts are shown to operators and must not contain
/// personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// A temporary failure. The sender tries again.
    #[error("{0}")]
    Retry(String),
    /// A permanent failure. The sender parks the stream until an operator retries it.
    #[error("{0}")]
    Park(String),
    /// Earlier events of the stream have not arrived.
    #[error("the stream has a gap: expected event {expected}")]
    SequenceGap {
        /// The sequence that must come next.
        expected: u64,
    },
}

impl ReceiveError {
    /// Creates the error for an event that this service does not accept or cannot interpret.
    pub fn park(reason: impl std::fmt::Display) -> Self {
        Self::Park(reason.to_string())
    }
}

/// Converts the failure of a command that applies an event. An event reports a fact, which a
/// service must not refuse, so a refusal parks the stream. Temporary failures are retried.
impl<R: std::fmt::Debug, C> From<CommandError<R, C>> for ReceiveError {
    fn from(failure: CommandError<R, C>) -> Self {
        match failure {
            CommandError::Refused(refusal) => Self::Park(format!("the event was refused: {refusal:?}")),
            CommandError::Conflict(_) => Self::Park("the event breaks a uniqueness rule of the database".to_owned()),
            CommandError::RequestIdReused => {
                Self::Park("the request id was used before with a different request".to_owned())
            }
            CommandError::SequenceGap { expected } => Self::SequenceGap { expected },
            CommandError::VersionMismatch { .. } => Self::Retry("the version of the aggregate has changed".to_owned()),
            CommandError::Overloaded => Self::Retry("too many commands are waiting".to_owned()),
            // The text of the failure is for the log only. The writer, which commits the commands,
            // has logged it.
            CommandError::Unavailable(_) => Self::Retry("the service is temporarily unavailable".to_owned()),
        }
    }
}
