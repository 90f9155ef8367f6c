//! Imports usage, in a transaction of its own.
use cpor_bulk_rows::fetch_all;
use cpor_durable::{AggregateKey, Host, RequestId, RequestIdReused, RequestLog, StoreError, rows};
use sea_orm::{EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{MAX_ROWS, is_in_rows, month_columns};
use crate::{
    domain::{ImportOutcome, StoredUsage, Usage, UsageImport},
    store::{
        entity::{
            usage_month::{Column, Entity},
            usage_replaced,
        },
        row,
    },
};
use cpor_durable::Tx;

/// The number of times that an import is tried. A try fails if a concurrent import creates one of
/// the same months.
const MAX_TRIES: usize = 5;

#[derive(Clone, Debug)]
pub(crate) struct ImportedRow {
    pub(crate) usage: Usage,
    /// The id that makes a repeated row safe (AIP-155), if the request has one.
    pub(crate) request_id: Option<RequestId>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// The database cannot be reached, or a row cannot be decoded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Every try failed because of concurrent imports of the same months.
    #[error("concurrent imports of the same months interfered")]
    Contended,
}

impl From<sea_orm::DbErr> for ImportError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// Stores rows of usage and returns the outcome of each row, in order. Replaced months are kept
/// (R51). A row that was imported before under its request id is unchanged. With `validate_only`,
/// nothing is stored.
///
/// The import executes one query, then at most one statement each for new, changed and replaced
/// months; with request ids, one more query and statement. An import of figures that are stored
/// already writes nothing.
///
/// # Errors
/// Returns an [`ImportError`] if the database fails or every try conflicts. Nothing is stored then.
pub(crate) async fn import(
    host: &Host,
    rows: &[ImportedRow],
    validate_only: bool,
) -> Result<Vec<Result<ImportOutcome, RequestIdReused>>, ImportError> {
    for _ in 0..MAX_TRIES {
        let tx = host.db().begin().await?;
        let stored = lock_months(&tx, rows).await?;
        let mut requests = RequestLog::load(&tx, rows.iter().filter_map(|row| row.request_id.as_ref())).await?;
        let mut import = UsageImport::new(stored, host.clock().read(&tx).await?);
        let outcomes = rows.iter().map(|row| add_row(&mut import, &mut requests, row)).collect();
        if validate_only || (import.is_empty() && requests.is_unchanged()) {
            tx.rollback().await?;
            return Ok(outcomes);
        }
        if save(&tx, &import).await? && requests.save(&tx, host.real_time()).await? {
            tx.commit().await?;
            return Ok(outcomes);
        }
        tx.rollback().await?;
    }
    Err(ImportError::Contended)
}

/// Adds a row to the import, unless it was imported before under its request id.
fn add_row(
    import: &mut UsageImport,
    requests: &mut RequestLog,
    ImportedRow { usage, request_id }: &ImportedRow,
) -> Result<ImportOutcome, RequestIdReused> {
    let Some(request_id) = request_id else { return Ok(import.add_row(usage)) };
    if requests.is_repeated(request_id)? {
        return Ok(ImportOutcome::Unchanged);
    }
    let outcome = import.add_row(usage);
    if !matches!(outcome, ImportOutcome::Refused(_)) {
        // A request id is recorded with the key of what the request changed. Usage has no such key,
        // so that of the tenant is used.
        let key = AggregateKey::new(usage.id.key.tenant.to_string(), usage.id.key.tenant.uuid());
        requests.add(request_id.clone(), key);
    }
    Ok(outcome)
}

/// Reads the stored usage of the months in the rows, and locks them until the transaction ends.
async fn lock_months(tx: &Tx, usage: &[ImportedRow]) -> Result<Vec<StoredUsage>, StoreError> {
    let mut stored = Vec::new();
    for rows in usage.chunks(MAX_ROWS) {
        let months = rows.iter().map(|row| month_columns(&row.usage.id.key, row.usage.id.month));
        let columns = [Column::Owner, Column::Key, Column::Month];
        let query = Entity::find().filter(is_in_rows(columns, months));
        let query = query.order_by_asc(Column::Owner).order_by_asc(Column::Key).order_by_asc(Column::Month);
        for found in fetch_all(tx, query.lock_exclusive()).await? {
            stored.push(row::to_usage(found)?);
        }
    }
    Ok(stored)
}

/// Writes the months of the import. Returns `false` if a concurrent import has created one of the
/// months since [`lock_months`].
async fn save(tx: &Tx, import: &UsageImport) -> Result<bool, StoreError> {
    let created = import.created_months().map(row::from_usage).collect::<Result<Vec<_>, _>>()?;
    let changed = import.changed_months().map(row::from_usage).collect::<Result<Vec<_>, _>>()?;
    let replaced = import.replaced_months().iter().map(|month| row::from_replaced_usage(month, import.now()));
    let replaced = replaced.collect::<Result<Vec<_>, _>>()?;
    if !rows::insert_new::<Entity>(tx, created).await?.is_empty() {
        return Ok(false);
    }
    rows::upsert::<Entity>(tx, changed).await?;
    rows::insert::<usage_replaced::Entity>(tx, replaced).await?;
    Ok(true)
}
