//! What the writer knows of an aggregate: its key, its state, its deadlines, and the changes a command made to it.
use std::fmt;

use cpor_types::{Actor, Deadline, Timestamp};
use uuid::Uuid;

/// Which aggregate of a kind. The owner comes first, in every primary key too, so that tables can be distributed by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// A partner id or a tenant id; at most 63 bytes.
    pub owner: String,
    /// The aggregate's own id, unique within its owner.
    pub id: Uuid,
}

impl Key {
    /// The key of `id` under `owner`.
    pub fn new(owner: impl Into<String>, id: Uuid) -> Self {
        Self { owner: owner.into(), id }
    }
}

/// The state of a consistency boundary: decided upon as a whole, stored as a whole. Pure.
pub trait Aggregate: Clone + fmt::Debug + PartialEq + Send + Sync + 'static {
    /// What can happen to it. History and outgoing events derive from these.
    type Event: Clone + fmt::Debug + PartialEq + Send + Sync + 'static;

    /// The pending deadlines of this state. Of several of one kind the earliest is armed; the others follow as it goes.
    fn deadlines(&self) -> Vec<Deadline>;

    /// Applies the EARLIEST deadline due at or before `now` (R47: earlier than due is in time); `None` when none is due.
    /// The next state must not have the same deadline due again.
    fn elapse(&self, now: Timestamp) -> Option<Elapsed<Self>>;
}

/// What a command makes of an aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition<A: Aggregate> {
    /// The state after.
    pub next: A,
    /// What happened, in order.
    pub events: Vec<A::Event>,
}

impl<A: Aggregate> Transition<A> {
    /// A transition to `next` in which `events` happened.
    pub fn new(next: A, events: impl IntoIterator<Item = A::Event>) -> Self {
        Self { next, events: events.into_iter().collect() }
    }
}

/// A deadline that passed.
#[derive(Clone, Debug, PartialEq)]
pub struct Elapsed<A: Aggregate> {
    /// When it was due: the effective time of its events.
    pub due: Timestamp,
    /// What it made of the aggregate.
    pub transition: Transition<A>,
}

/// An event with its circumstances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded<E> {
    /// What happened.
    pub event: E,
    /// The aggregate's version that it led to.
    pub version: u64,
    /// Who caused it; the side `Time` for a deadline.
    pub actor: Actor,
    /// Since when it counts, in business time: when it happened at its source, or when the deadline was due.
    pub effective_time: Timestamp,
    /// Business time of the transaction that recorded it.
    pub recorded_time: Timestamp,
}

/// A state with its version: 1 when created, one more for every command and every passed deadline that changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<A> {
    /// Count of changes.
    pub version: u64,
    /// The state.
    pub state: A,
}

impl<A> Versioned<A> {
    /// `state` at `version`.
    pub fn new(version: u64, state: A) -> Self {
        Self { version, state }
    }
}

/// What happened to one aggregate: in one step for [`Store::outgoing`](crate::Store::outgoing), in one transaction for
/// [`Store::save`](crate::Store::save).
#[derive(Clone, Debug, PartialEq)]
pub struct Change<A: Aggregate> {
    /// Which aggregate.
    pub key: Key,
    /// As it was; `None` when it is created.
    pub before: Option<Versioned<A>>,
    /// As it is now. Its version may be more than one ahead of `before`.
    pub after: Versioned<A>,
    /// What happened, in order.
    pub events: Vec<Recorded<A::Event>>,
}

impl<A: Aggregate> Change<A> {
    /// The version that the stored row must still have; 0 when there must be no row.
    pub fn previous_version(&self) -> u64 {
        self.before.as_ref().map_or(0, |before| before.version)
    }
}
