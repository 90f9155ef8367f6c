//! What a service implements so that a writer can load and save its aggregates.
use std::future::Future;

use cpor_proto::events::v1::event::Payload;
use cpor_types::{Actor, Service, Timestamp};
use sea_orm::{DatabaseTransaction, DbErr};

use crate::{Aggregate, Change, Key, Recorded, Versioned};

/// The transaction of a batch of commands. Await nothing but it inside a [`Store`].
pub type Tx = DatabaseTransaction;

/// What a store found.
pub type Loaded<A> = Vec<(Key, Versioned<A>)>;

/// What uniqueness rules of the database refused, by aggregate.
pub type Clashes<C> = Vec<(Key, C)>;

/// Storage of one kind of aggregate, implemented by the service that owns it. See [`rows`](crate::rows) for the
/// statements that most implementations consist of.
pub trait Store: Send + Sync + 'static {
    /// What is stored.
    type Aggregate: Aggregate;
    /// What a uniqueness rule of the database refused, for example a line that is claimed already (R38).
    type Clash: Clone + Send + 'static;

    /// The kind, unique within the service, for example `claim`.
    const AGGREGATE: &'static str;

    /// The resource name, for example `partners/contoso/claims/0192…`.
    fn resource(key: &Key) -> String;

    /// Loads those of `keys` (sorted, each once) that exist, in one query, locked until the transaction ends, in the
    /// order of owner and id: [`rows::lock`](crate::rows::lock) does that.
    fn load(&self, tx: &Tx, keys: &[Key]) -> impl Future<Output = Result<Loaded<Self::Aggregate>, StoreError>> + Send;

    /// Saves `changes` (sorted by key, one for each aggregate), guarded by [`Change::previous_version`]
    /// ([`rows::save`](crate::rows::save) does that), with their history and children. Answers the changes that a
    /// uniqueness rule refuses: then the transaction is rolled back, and their commands are refused with
    /// [`Failure::Clash`](crate::Failure::Clash).
    fn save(
        &self,
        tx: &Tx,
        changes: &[Change<Self::Aggregate>],
    ) -> impl Future<Output = Result<Clashes<Self::Clash>, StoreError>> + Send;

    /// The events for other services that one step (one command or one passed deadline) causes. Pure.
    fn outgoing(&self, change: &Change<Self::Aggregate>) -> Vec<Outgoing>;
}

/// An event for another service.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// Who receives it.
    pub destination: Service,
    /// The fact.
    pub payload: Payload,
    /// Who caused it.
    pub actor: Actor,
    /// Since when it counts, in business time.
    pub effective_time: Timestamp,
}

impl Outgoing {
    /// `payload` for `destination`, with actor and time of the event that it tells.
    pub fn of<E>(recorded: &Recorded<E>, destination: Service, payload: Payload) -> Self {
        let Recorded { actor, effective_time, .. } = recorded;
        Self { destination, payload, actor: actor.clone(), effective_time: *effective_time }
    }
}

/// Why a store could not load or save.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
    /// These aggregates were created or changed by somebody else meanwhile; their commands are judged again.
    #[error("{} aggregates moved", .0.len())]
    Lost(Vec<Key>),
    /// A row that no code of ours wrote.
    #[error("{table} row {key:?} is inconsistent: {what}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row's aggregate.
        key: Key,
        /// What is wrong with it.
        what: String,
    },
}

impl StoreError {
    /// An inconsistent row of `table`.
    pub fn inconsistent(table: &'static str, key: &Key, what: impl std::fmt::Display) -> Self {
        Self::Inconsistent { table, key: key.clone(), what: what.to_string() }
    }
}
