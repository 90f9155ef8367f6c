//! The types by which a writer (the task that decides and commits commands) handles an aggregate, a
//! unit that is loaded, decided and saved as a whole, such as a claim: its key, state and
//! deadlines, and the changes that commands make.
//!
//! Business times are readings of [`BusinessClock`](crate::BusinessClock), which can be virtual.
use std::fmt;

use cpor_types::{Actor, Deadline, Timestamp};
use uuid::Uuid;

/// The identity of an aggregate among those of its kind.
///
/// The owner comes first, also in every primary key, so that tables can be distributed by owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AggregateKey {
    /// The id of the owner, which is usually the partner or tenant that the aggregate belongs to.
    /// It has at most 63 bytes.
    pub owner: String,
    /// The aggregate's own id, unique within its owner.
    pub id: Uuid,
}

impl AggregateKey {
    /// Creates the key of the aggregate `id` of `owner`.
    pub fn new(owner: impl Into<String>, id: Uuid) -> Self {
        Self { owner: owner.into(), id }
    }
}

/// The state of an aggregate. The functions of this trait are pure.
pub trait Aggregate: Clone + fmt::Debug + PartialEq + Send + Sync + 'static {
    /// A fact that a transition records. History entries and outgoing events are derived from
    /// these.
    type Event: Clone + fmt::Debug + PartialEq + Send + Sync + 'static;

    /// Returns the pending deadlines of this state. If several are of one kind, only the earliest
    /// is stored as a row. When that deadline has passed or is cancelled, the next deadline of the
    /// kind replaces it in the row.
    fn deadlines(&self) -> Vec<Deadline>;

    /// Applies the earliest deadline that is due at or before `now`, or returns `None` if none is
    /// due.
    ///
    /// If `now` is earlier than the due time, the deadline has not passed (R47). The next state
    /// must not have the same deadline due again, because the caller repeats the call until it
    /// returns `None`.
    fn apply_passed_deadline(&self, now: Timestamp) -> Option<PassedDeadline<Self>>;
}

/// The next state of an aggregate with the events that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition<A: Aggregate> {
    /// The state after the transition.
    pub next: A,
    /// The events of the transition, in order.
    pub events: Vec<A::Event>,
}

impl<A: Aggregate> Transition<A> {
    /// Creates a transition to `next` that records `events`.
    pub fn new(next: A, events: impl IntoIterator<Item = A::Event>) -> Self {
        Self { next, events: events.into_iter().collect() }
    }
}

/// A deadline that has passed, with the transition that it causes.
#[derive(Clone, Debug, PartialEq)]
pub struct PassedDeadline<A: Aggregate> {
    /// The due time of the deadline, which is the effective time of the transition's events.
    pub due: Timestamp,
    /// The transition that the deadline causes.
    pub transition: Transition<A>,
}

/// An event of an aggregate with its version, actor and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent<E> {
    /// The event itself.
    pub event: E,
    /// The version that the aggregate has after this event's transition.
    pub version: u64,
    /// The actor who caused the event. For a deadline its side is `Time`.
    pub actor: Actor,
    /// The business time from which the event counts: the time at which the reporting service says
    /// that it happened, or the due time of the deadline that caused it.
    pub effective_time: Timestamp,
    /// The business time of the transaction that recorded the event.
    pub recorded_time: Timestamp,
}

/// A state with its version. The version is 1 when the aggregate is created, and grows by one with
/// every command and every passed deadline that changes the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<A> {
    /// The number of changes so far.
    pub version: u64,
    /// The aggregate's state at this version.
    pub state: A,
}

impl<A> Versioned<A> {
    /// Pairs `state` with its `version`.
    pub fn new(version: u64, state: A) -> Self {
        Self { version, state }
    }
}

/// The change of one aggregate. [`Store::outgoing`](crate::Store::outgoing) gets the change of one
/// step (a command or a passed deadline); [`Store::save`](crate::Store::save) gets the change of
/// all steps of one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<A: Aggregate> {
    /// The aggregate that changes.
    pub key: AggregateKey,
    /// The state before the change, or `None` if the change creates the aggregate.
    pub before: Option<Versioned<A>>,
    /// The state after the change. Its version may be more than one ahead of `before`.
    pub after: Versioned<A>,
    /// The events of the change, in order.
    pub events: Vec<RecordedEvent<A::Event>>,
}

impl<A: Aggregate> Change<A> {
    /// Returns the version that the stored row must still have, or 0 if there must be no row.
    pub fn previous_version(&self) -> u64 {
        self.before.as_ref().map_or(0, |before| before.version)
    }
}
