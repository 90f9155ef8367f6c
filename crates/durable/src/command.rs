//! What is asked of a writer, and what it answers.
use cpor_types::{Actor, Service, Timestamp};
use uuid::Uuid;

use crate::Key;

/// The circumstances of a command; the decision itself is the function given to
/// [`Writer::execute`](crate::Writer::execute) beside it.
#[derive(Clone, Debug)]
pub struct Command {
    pub(crate) name: &'static str,
    pub(crate) key: Key,
    pub(crate) actor: Actor,
    pub(crate) effective_time: Option<Timestamp>,
    pub(crate) expected_version: Option<u64>,
    pub(crate) request: Option<RequestId>,
    pub(crate) position: Option<Position>,
}

impl Command {
    /// A command on the aggregate `key`; `name` is what traces and metrics call it, for example `submit_claim`.
    pub fn new(name: &'static str, key: Key, actor: Actor) -> Self {
        Self { name, key, actor, effective_time: None, expected_version: None, request: None, position: None }
    }

    /// Its events count since `time` instead of since the transaction's business time: a fact reported by another service.
    #[must_use]
    pub fn at(mut self, time: Timestamp) -> Self {
        self.effective_time = Some(time);
        self
    }

    /// Only if the aggregate still has this version (0: does not exist), else [`Failure::Moved`]. For etags, and for
    /// facts that were gathered about a snapshot.
    #[must_use]
    pub fn expecting(mut self, version: impl Into<Option<u64>>) -> Self {
        self.expected_version = version.into();
        self
    }

    /// At most once for this request id (AIP-155).
    #[must_use]
    pub fn request(mut self, request: impl Into<Option<RequestId>>) -> Self {
        self.request = request.into();
        self
    }

    /// At most once for this event, and in its stream's order.
    #[must_use]
    pub fn position(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }
}

/// A client's own name for a request. A repeat is answered with the resource that the first one committed, as it
/// stands by then; refusals are not kept, so they are decided afresh. Kept for 24 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// The caller's subject.
    pub caller: String,
    /// The method, for example `SubmitClaim`.
    pub method: &'static str,
    /// What the client sent as `request_id`.
    pub id: String,
    /// SHA-256 of the request's encoding without its `request_id`.
    pub body_hash: [u8; 32],
}

/// One stream of events: what one aggregate of `source` says to this service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey {
    /// The service that sends.
    pub source: Service,
    /// The sender's name for the kind of aggregate.
    pub aggregate: String,
    /// The owner part of the sender's key.
    pub owner: String,
    /// The id part of the sender's key.
    pub id: Uuid,
}

/// One event's place in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The stream.
    pub stream: StreamKey,
    /// From 1, without gaps.
    pub sequence: u64,
}

/// What a command left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed<A> {
    /// The aggregate: the command's own, or for a replayed request id the one that the first request touched.
    pub key: Key,
    /// Its version; 0 when it does not exist.
    pub version: u64,
    /// Its state; `None` when it does not exist.
    pub state: Option<A>,
    /// The business time by which the command was judged.
    pub now: Timestamp,
    /// The request id or the event had been handled before, so that nothing was decided this time.
    pub replayed: bool,
}

/// Why a command changed nothing. Deadlines that had passed before it have taken effect all the same; after a clash they
/// do so a moment later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure<R, C> {
    /// The decision function refused.
    #[error("refused")]
    Refused(R),
    /// A uniqueness rule of the database refused.
    #[error("a uniqueness rule of the database refused")]
    Clash(C),
    /// The aggregate does not have the expected version.
    #[error("the version is {actual} instead of {expected}")]
    Moved {
        /// What the command expected.
        expected: u64,
        /// What there is; 0 when there is no aggregate.
        actual: u64,
    },
    /// The request id was used with another body.
    #[error("the request id was used with another body")]
    RequestIdReused,
    /// Events before this one have not arrived.
    #[error("event {expected} of the stream must come first")]
    Gap {
        /// The sequence that must come next.
        expected: u64,
    },
    /// Too many commands wait; try again shortly.
    #[error("too many commands wait")]
    Overloaded,
    /// The command could not be judged, or its outcome is not known; the text is for the log, never for a caller.
    #[error("unavailable: {0}")]
    Unavailable(String),
}
