//! The trait by which a service loads and saves its aggregates for a writer, the task that decides
//! and commits commands. An aggregate is a unit that is loaded, decided and saved as a whole, such
//! as a claim.
use std::future::Future;

use cpor_proto::events::v1::event::Payload;
use cpor_types::{Actor, Service, Timestamp};
use sea_orm::{DatabaseTransaction, DbErr};

use crate::{Aggregate, AggregateKey, Change, RecordedEvent, Versioned};

/// The transaction of a batch: commands that are committed together. A [`Store`] must await nothing
/// but this transaction, because the batch holds locks in the meantime.
pub type Tx = DatabaseTransaction;

/// The aggregates that a store has loaded, with their keys.
pub type LoadedAggregates<A> = Vec<(AggregateKey, Versioned<A>)>;

/// The conflicts that a store has found, with the keys of the aggregates whose changes cause them.
pub type Conflicts<C> = Vec<(AggregateKey, C)>;

/// The storage of one kind of aggregate, implemented by the service that owns the aggregate.
///
/// [`rows`](crate::rows) contains the statements that most implementations need.
pub trait Store: Send + Sync + 'static {
    /// The kind of aggregate that is stored.
    type Aggregate: Aggregate;
    /// A breach of a uniqueness rule of the database, for example a second claim of a company for
    /// one subscription (R38).
    type Conflict: Clone + Send + 'static;

    /// The name of the kind of aggregate, unique within the service, for example `claim`.
    const AGGREGATE: &'static str;

    /// Returns the resource name of an aggregate, for example `partners/contoso/claims/0192…`.
    fn resource(key: &AggregateKey) -> String;

    /// Loads the aggregates that exist among `keys`, in one query, and locks them until the
    /// transaction ends.
    ///
    /// `keys` are sorted and unique. The locks are taken in the order of owner and id, as
    /// [`rows::load_locked`](crate::rows::load_locked) does.
    fn load(
        &self,
        tx: &Tx,
        keys: &[AggregateKey],
    ) -> impl Future<Output = Result<LoadedAggregates<Self::Aggregate>, StoreError>> + Send;

    /// Saves `changes` with their history and child rows.
    ///
    /// `changes` are sorted by key, one for each aggregate. Each is saved only if the stored row
    /// still has the version [`Change::previous_version`], as [`rows::save`](crate::rows::save)
    /// does it. Returns the conflicts. If there are any, the transaction is rolled back and the
    /// commands of those changes fail with
    /// [`CommandError::Conflict`](crate::CommandError::Conflict).
    fn save(
        &self,
        tx: &Tx,
        changes: &[Change<Self::Aggregate>],
    ) -> impl Future<Output = Result<Conflicts<Self::Conflict>, StoreError>> + Send;

    /// Returns the events for other services that one step (one command or one passed deadline)
    /// causes. This function is pure.
    fn outgoing(&self, change: &Change<Self::Aggregate>) -> Vec<OutgoingEvent>;
}

/// An event for another service.
#[derive(Clone, Debug, PartialEq)]
pub struct OutgoingEvent {
    /// The service that receives the event.
    pub destination: Service,
    /// The content of the event.
    pub payload: Payload,
    /// The actor who caused the event.
    pub actor: Actor,
    /// The time from which the event counts, by the business clock, which deadlines use and which
    /// can be virtual.
    pub effective_time: Timestamp,
}

impl OutgoingEvent {
    /// Creates the event that reports `recorded` to `destination`, with the actor and the effective
    /// time of `recorded`.
    pub fn from_recorded<E>(recorded: &RecordedEvent<E>, destination: Service, payload: Payload) -> Self {
        let RecordedEvent { actor, effective_time, .. } = recorded;
        Self { destination, payload, actor: actor.clone(), effective_time: *effective_time }
    }
}

/// The reason why a store could not load or save.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
    /// Another process created or changed these aggregates after they were loaded. The commands on
    /// them are decided again.
    #[error("{} aggregates were changed by another process", .0.len())]
    ConcurrentChange(Vec<AggregateKey>),
    /// A stored row has values that the service never writes.
    #[error("{table} row {key:?} is inconsistent: {what}")]
    Inconsistent {
        /// The name of the table.
        table: &'static str,
        /// The aggregate that the row belongs to.
        key: AggregateKey,
        /// A description of the inconsistency.
        what: String,
    },
}

impl StoreError {
    /// Creates the error for an inconsistent row of `table`; `what` describes the inconsistency.
    pub fn inconsistent(table: &'static str, key: &AggregateKey, what: impl std::fmt::Display) -> Self {
        Self::Inconsistent { table, key: key.clone(), what: what.to_string() }
    }
}
