//! Commands to a writer (the task that decides and commits them), and the outcomes and errors that
//! a writer answers with.
//!
//! A *stream* is the ordered sequence of events that one aggregate of another service sends to this
//! service. An *aggregate* is a unit that is loaded, decided and saved as a whole, such as a claim.
use cpor_auth::Caller;
use cpor_rpc::reflect;
use cpor_types::{Actor, Service, Timestamp};
use prost::{Message, Name};
use sha2::{Digest as _, Sha256};
use tonic::Status;
use uuid::Uuid;

use crate::{AggregateKey, Etag};

/// The target, actor and conditions of a command. The decision function is passed separately, to
/// [`Writer::execute`](crate::Writer::execute).
#[derive(Clone, Debug)]
pub struct Command {
    /// The name of the command in traces and metrics.
    pub(crate) name: &'static str,
    /// The aggregate that the command changes.
    pub(crate) key: AggregateKey,
    /// The actor who causes the change.
    pub(crate) actor: Actor,
    /// The effective time of the events, if it is not the time of the transaction.
    pub(crate) effective_time: Option<Timestamp>,
    /// The version that the aggregate must have, if any.
    pub(crate) expected_version: Option<u64>,
    /// The id of the request that the command carries out, if the client gave it one.
    pub(crate) request_id: Option<RequestId>,
    /// The ids of the rows of an import that the command applies.
    pub(crate) row_ids: Vec<RequestId>,
    /// The position of the event that the command applies, if it applies one.
    pub(crate) position: Option<StreamPosition>,
    /// Whether the command is only decided, and changes nothing.
    pub(crate) validate_only: bool,
    /// Whether a repeated request is recognised even if the command only validates.
    pub(crate) recognizes_replays: bool,
}

impl Command {
    /// Creates a command by `actor` on the aggregate `key`. Traces and metrics show `name`, for
    /// example `submit_claim`.
    pub fn new(name: &'static str, key: AggregateKey, actor: Actor) -> Self {
        Self {
            name,
            key,
            actor,
            effective_time: None,
            expected_version: None,
            request_id: None,
            row_ids: Vec::new(),
            position: None,
            validate_only: false,
            recognizes_replays: false,
        }
    }

    /// Sets the effective time of the command's events, for a fact that another service reports.
    /// The default is the time of the transaction by the business clock, which can be virtual.
    #[must_use]
    pub fn effective_at(mut self, time: Timestamp) -> Self {
        self.effective_time = Some(time);
        self
    }

    /// Requires that the aggregate still has this version (0: that it does not exist; `None`: any
    /// version). Otherwise the command fails with [`CommandError::VersionMismatch`]. Used when the
    /// decision depends on data that was collected for that version.
    #[must_use]
    pub fn expect_version(mut self, version: impl Into<Option<u64>>) -> Self {
        self.expected_version = version.into();
        self
    }

    /// Requires that the aggregate still has the etag in the field `etag` of a request (AIP-154).
    /// An empty field requires nothing.
    #[must_use]
    pub fn expect_etag(self, etag: &str) -> Self {
        self.expect_version(Etag::required_version(etag))
    }

    /// Makes the command take effect at most once for this request id (AIP-155).
    #[must_use]
    pub fn request(mut self, request_id: impl Into<Option<RequestId>>) -> Self {
        self.request_id = request_id.into();
        self
    }

    /// Makes the command take effect at most once for each of these rows of an import. If one of
    /// them was handled before, the command fails with [`CommandError::RequestIdReused`]; the
    /// caller finds out which one with a [`RequestLog`](crate::RequestLog).
    #[must_use]
    pub fn rows(mut self, row_ids: Vec<RequestId>) -> Self {
        self.row_ids = row_ids;
        self
    }

    /// Returns the request ids that the command must not handle twice.
    pub(crate) fn request_ids(&self) -> impl Iterator<Item = &RequestId> {
        self.request_id.iter().chain(&self.row_ids)
    }

    /// Removes the request ids if nothing takes effect, because then a repeated request needs no
    /// protection.
    pub(crate) fn without_request_if_validate_only(self) -> Self {
        if self.validate_only && !self.recognizes_replays {
            Self { request_id: None, row_ids: Vec::new(), ..self }
        } else {
            self
        }
    }

    /// Makes the command take effect at most once for the event at this position, and in the order
    /// of the event's stream.
    #[must_use]
    pub fn with_position(mut self, position: StreamPosition) -> Self {
        self.position = Some(position);
        self
    }

    /// If `validate_only` is true, the command is decided and changes nothing (AIP-163). Its
    /// outcome has the state that the command would have led to, with the present version. A
    /// request id is ignored, unless [`Command::recognize_replays`] says otherwise. Uniqueness
    /// rules of the database are not checked.
    #[must_use]
    pub fn validate_only(mut self, validate_only: bool) -> Self {
        self.validate_only = validate_only;
        self
    }

    /// Recognizes a repeated request also if the command only validates: its outcome is then that
    /// of a repeated request. Used where the content of a request does not depend on
    /// `validate_only`.
    #[must_use]
    pub fn recognize_replays(mut self) -> Self {
        self.recognizes_replays = true;
        self
    }
}

/// The id that a client gave a request. It is kept for 24 hours.
///
/// A repeated request gets the present state of the resource that the first request changed.
/// Refusals are not stored: if the first request was refused, the repeated request is decided anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId {
    /// The subject of the caller: the id of the person or service in its token.
    pub caller: String,
    /// The name of the method, for example `SubmitClaim`.
    pub method: &'static str,
    /// The `request_id` that the client sent.
    pub id: String,
    /// SHA-256 of the request's content without its `request_id`.
    pub body_hash: [u8; 32],
}

impl RequestId {
    /// Reads the field `request_id` of a request for `method` by `caller`. Returns `None` if the
    /// field is empty.
    ///
    /// # Errors
    /// Returns the status INTERNAL if the message has no field `request_id`.
    pub fn from_request<T: Name>(caller: &Caller, method: &'static str, request: &T) -> Result<Option<Self>, Status> {
        Self::from_request_with(caller, method, request, "")
    }

    /// Does the same as [`RequestId::from_request`] for a request of which `request` is only a
    /// part. `further_content` identifies the rest, for example by a hash of streamed bytes.
    ///
    /// # Errors
    /// Returns the status INTERNAL if the message has no field `request_id`.
    pub fn from_request_with<T: Name>(
        caller: &Caller,
        method: &'static str,
        request: &T,
        further_content: &str,
    ) -> Result<Option<Self>, Status> {
        let (id, body) = reflect::split_text_field(request, "request_id")?;
        if id.is_empty() {
            return Ok(None);
        }
        let length = (body.len() as u64).to_be_bytes();
        let hash = Sha256::new().chain_update(length).chain_update(body).chain_update(further_content);
        Ok(Some(Self { caller: caller.id().to_owned(), method, id, body_hash: hash.finalize().into() }))
    }

    /// Returns the id of one row of a request that imports many rows: it consists of the request's
    /// `request_id` and the place of the row. `None` if the `request_id` is empty.
    pub fn of_row(
        caller: &Caller,
        method: &'static str,
        request_id: &str,
        index: usize,
        row: &impl Message,
    ) -> Option<Self> {
        let id = (!request_id.is_empty()).then(|| format!("{request_id}/{index}"))?;
        Some(Self { caller: caller.id().to_owned(), method, id, body_hash: Sha256::digest(row.encode_to_vec()).into() })
    }

    /// Derives a UUID for a resource that the request creates, so that a repeated request finds the
    /// resource of the first one.
    #[must_use]
    pub fn derived_uuid(&self) -> Uuid {
        let Self { caller, method, id, body_hash } = self;
        let name = [caller.as_bytes(), &[0], method.as_bytes(), &[0], id.as_bytes(), &[0], body_hash].concat();
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &name)
    }
}

/// The identity of an incoming stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey {
    /// The service that sends the events.
    pub source: Service,
    /// The sender's name for the kind of aggregate, for example `claim`.
    pub aggregate: String,
    /// The owner part of the aggregate's key in the sending service.
    pub owner: String,
    /// The id part of the aggregate's key in the sending service.
    pub id: Uuid,
}

/// The place of one event in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPosition {
    /// The stream that the event belongs to.
    pub stream: StreamKey,
    /// The number of the event in its stream. It starts at 1 and has no gaps.
    pub sequence: u64,
}

/// The outcome of a command that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandOutcome<A> {
    /// The aggregate of the command or, for a repeated request id, the aggregate that the first
    /// request changed.
    pub key: AggregateKey,
    /// The version of the aggregate, or 0 if it does not exist.
    pub version: u64,
    /// The state of the aggregate, or `None` if it does not exist.
    pub state: Option<A>,
    /// The reading of the business clock by which the command was decided.
    pub now: Timestamp,
    /// Whether the request id or the event had been handled before, so that nothing was decided
    /// this time.
    pub replayed: bool,
}

/// The reason why a command changed nothing.
///
/// Before the writer decides a command, it applies the deadlines of the aggregate that have passed.
/// These changes are kept when the command is refused. A conflict rolls them back with the command;
/// the next command or the deadline runner then applies them again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError<R, C> {
    /// The decision function refused the command.
    #[error("the command was refused")]
    Refused(R),
    /// The change breaks a uniqueness rule of the database.
    #[error("the change breaks a uniqueness rule of the database")]
    Conflict(C),
    /// The aggregate does not have the expected version.
    #[error("the aggregate has version {actual}; expected version {expected}")]
    VersionMismatch {
        /// The version that the command expected.
        expected: u64,
        /// The version that the aggregate has, or 0 if there is no aggregate.
        actual: u64,
    },
    /// The request id was used before with a different request.
    #[error("the request id was used before with a different request")]
    RequestIdReused,
    /// Earlier events of the stream have not arrived.
    #[error("the stream has a gap: expected event {expected}")]
    SequenceGap {
        /// The sequence that must come next.
        expected: u64,
    },
    /// Too many commands are waiting. The caller may try again shortly.
    #[error("too many commands are waiting")]
    Overloaded,
    /// The command could not be decided, or its outcome is not known. The text is written to the
    /// log and never shown to callers.
    #[error("the command could not be completed, or its outcome is unknown: {0}")]
    Unavailable(String),
}

#[cfg(test)]
mod tests {
    use cpor_proto::claims::v1::WithdrawClaimRequest;
    use cpor_types::ActorSide;

    use super::*;

    fn request_id(subject: &str, request: &WithdrawClaimRequest, content: &str) -> Option<RequestId> {
        let caller = Caller {
            subject: subject.into(),
            roles: Vec::new(),
            partner: None,
            tenant: None,
            service: None,
            actor: Actor::new(ActorSide::Partner, subject),
        };
        RequestId::from_request_with(&caller, "WithdrawClaim", request, content).unwrap()
    }

    fn request(id: &str, comment: &str) -> WithdrawClaimRequest {
        WithdrawClaimRequest { request_id: id.to_owned(), comment: comment.to_owned(), ..Default::default() }
    }

    #[test]
    fn the_hash_covers_everything_except_the_request_id() {
        let id = |id, comment, content| request_id("amy", &request(id, comment), content).unwrap();
        let first = id("one", "a", "");
        assert_eq!((first.id.as_str(), first.method), ("one", "WithdrawClaim"));
        assert_eq!(first, id("one", "a", ""));
        assert_eq!(first.body_hash, id("two", "a", "").body_hash);
        assert_ne!(first.body_hash, id("one", "b", "").body_hash);
        assert_ne!(first.body_hash, id("one", "a", "b").body_hash);
        assert_eq!(request_id("amy", &request("", "a"), ""), None);
    }

    #[test]
    fn a_derived_uuid_belongs_to_one_request_of_one_caller() {
        let uuid = |subject, id, comment| request_id(subject, &request(id, comment), "").unwrap().derived_uuid();
        let first = uuid("amy", "one", "a");
        assert_eq!(first, uuid("amy", "one", "a"));
        for other in [uuid("bob", "one", "a"), uuid("amy", "two", "a"), uuid("amy", "one", "b")] {
            assert_ne!(first, other);
        }
    }
}
