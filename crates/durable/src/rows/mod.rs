//! Statements on the rows of aggregates, by their keys and versions. An *aggregate* is a unit that
//! is loaded, decided and saved as a whole, such as a claim. A *writer* is the task that commits
//! the changes of aggregates.
//!
//! The table of an aggregate has the columns `owner` (text), `id` (UUID) and `version` (big
//! integer) and the primary key (`owner`, `id`). The tables of its child rows have the same two
//! values, under any name, as the first columns of their primary keys.
//!
//! The functions here translate between [`AggregateKey`] and the statements of `cpor_bulk_rows`.
//! Functions that need no translation are re-exported from there unchanged.
use cpor_bulk_rows::{KeyValue, LoadError, UndecodableRow};
pub use cpor_bulk_rows::{delete, increment_counters, insert, insert_new, to_bigint, update_columns, upsert};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IdenStatic as _, Iterable as _, Value};
use uuid::Uuid;

use crate::{AggregateKey, StoreError, Tx};

/// Loads the rows of `E` with these keys and locks them until the transaction ends. The rows are
/// locked and returned in the order of owner and id, so that transactions that lock several rows do
/// not deadlock.
///
/// # Errors
/// Returns an error if the database fails or a row cannot be decoded.
pub async fn load_locked<E: EntityTrait>(tx: &Tx, keys: &[AggregateKey]) -> Result<Vec<E::Model>, LoadError> {
    let columns = [column::<E>("owner")?, column::<E>("id")?];
    cpor_bulk_rows::load_and_lock::<E>(tx, &columns, keys.iter().map(<[Value; 2]>::from)).await
}

/// Loads the rows of `E` in which the given owner and id columns hold one of `keys`, ordered by
/// primary key.
///
/// Used for rows of aggregates, for child rows of aggregates that [`load_locked`] has locked, and
/// for reads outside the writer.
///
/// # Errors
/// Returns an error if the database fails or a row cannot be decoded.
pub async fn load_by_keys<E: EntityTrait>(
    db: &impl ConnectionTrait,
    columns: [E::Column; 2],
    keys: &[AggregateKey],
) -> Result<Vec<E::Model>, LoadError> {
    cpor_bulk_rows::load::<E>(db, &columns, keys.iter().map(<[Value; 2]>::from)).await
}

/// Loads the rows of `E` in which `column` holds one of `ids`, ordered by primary key.
///
/// # Errors
/// Returns an error if the database fails or a row cannot be decoded.
pub async fn load_by_id<E: EntityTrait>(
    db: &impl ConnectionTrait,
    column: E::Column,
    ids: &[Uuid],
) -> Result<Vec<E::Model>, LoadError> {
    cpor_bulk_rows::load::<E>(db, &[column], ids.iter().map(|id| [Value::from(*id)])).await
}

/// Inserts or updates whole rows of aggregates. Every column of a row must be set.
///
/// Each row comes with the version that the stored row must still have (0: there must be no row),
/// which is [`Change::previous_version`](crate::Change::previous_version).
///
/// # Errors
/// Returns [`StoreError::ConcurrentChange`] with the keys of the rows whose stored version is
/// another one, and [`StoreError::Db`] if the database fails.
pub async fn save<E: EntityTrait>(
    tx: &Tx,
    rows: impl IntoIterator<Item = (u64, E::ActiveModel)>,
) -> Result<(), StoreError> {
    let not_saved = cpor_bulk_rows::save_versioned::<E>(tx, column::<E>("version")?, rows).await?;
    if not_saved.is_empty() {
        return Ok(());
    }
    let no_key = || DbErr::Type("the primary key must be an owner (text) and an id (UUID)".to_owned());
    let keys: Option<Vec<AggregateKey>> = not_saved.iter().map(|key| aggregate_key(key)).collect();
    Err(StoreError::ConcurrentChange(keys.ok_or_else(no_key)?))
}

/// Returns the column with this name, which the table of every aggregate has.
fn column<E: EntityTrait>(name: &str) -> Result<E::Column, DbErr> {
    let column = E::Column::iter().find(|column| column.as_str() == name);
    column.ok_or_else(|| DbErr::Type(format!("the table has no column {name}")))
}

/// Returns the aggregate that a row belongs to, by the first two values of its primary key.
fn aggregate_key(primary_key: &[KeyValue]) -> Option<AggregateKey> {
    match primary_key {
        [KeyValue::Text(owner), KeyValue::Uuid(id), ..] => Some(AggregateKey::new(owner, *id)),
        _ => None,
    }
}

/// The values of the columns `owner` and `id`.
impl From<&AggregateKey> for [Value; 2] {
    fn from(AggregateKey { owner, id }: &AggregateKey) -> Self {
        [owner.clone().into(), (*id).into()]
    }
}

/// A row that cannot be decoded becomes [`StoreError::Inconsistent`] for its aggregate.
impl From<LoadError> for StoreError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Db(error) => Self::Db(error),
            LoadError::Undecodable(row) => row.into(),
        }
    }
}

impl From<UndecodableRow> for StoreError {
    fn from(row: UndecodableRow) -> Self {
        match aggregate_key(&row.key) {
            Some(key) => Self::inconsistent(row.table, &key, row.error),
            None => Self::Db(DbErr::Type(row.to_string())),
        }
    }
}
