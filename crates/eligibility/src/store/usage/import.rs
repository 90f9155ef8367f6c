//! An import, in one transaction of its own.
use cpor_durable::{BusinessClock, StoreError, rows};
use cpor_kit::Db;
use sea_orm::{EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{CHUNK, among, month_columns};
use crate::{
    domain::{Import, Imported, Stored, Usage},
    store::{
        entity::{
            usage_month::{Column, Entity},
            usage_replaced,
        },
        row,
    },
};
use cpor_durable::Tx;

/// How often an import begins anew because another one created a month of its own meanwhile.
const TRIES: usize = 5;

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    /// The database's error, or an inconsistent row.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Others keep importing the same months.
    #[error("others keep importing the same months")]
    Contended,
}

impl From<sea_orm::DbErr> for ImportError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// Stores the rows, and answers what became of each, in their order. What a row replaces is kept (R51).
///
/// A read; then, as far as there is any, one statement each for new months, changed months and what they replace; one
/// commit. A repeat of what is known writes nothing.
///
/// # Errors
/// See [`ImportError`]; then nothing was stored.
pub(crate) async fn import(db: &Db, clock: &BusinessClock, usage: &[Usage]) -> Result<Vec<Imported>, ImportError> {
    for _ in 0..TRIES {
        let tx = db.begin().await?;
        let known = lock(&tx, usage).await?;
        let mut import = Import::over(known, clock.read(&tx).await?);
        let outcomes = usage.iter().map(|row| import.take(row)).collect();
        if import.is_empty() {
            tx.rollback().await?;
            return Ok(outcomes);
        }
        if save(&tx, &import).await? {
            tx.commit().await?;
            return Ok(outcomes);
        }
        tx.rollback().await?;
    }
    Err(ImportError::Contended)
}

/// What is stored of the months that the rows name, locked until the transaction ends.
async fn lock(tx: &Tx, usage: &[Usage]) -> Result<Vec<Stored>, StoreError> {
    let mut known = Vec::new();
    for rows in usage.chunks(CHUNK) {
        let named = rows.iter().map(|row| month_columns(&row.id.key, row.id.month));
        let columns = [Column::Owner, Column::Key, Column::Month];
        let query = Entity::find().filter(among(columns, named));
        let query = query.order_by_asc(Column::Owner).order_by_asc(Column::Key).order_by_asc(Column::Month);
        for found in query.lock_exclusive().all(tx).await? {
            known.push(row::usage(found)?);
        }
    }
    Ok(known)
}

/// Writes what the import makes of the months. `false` when another import has created one of them since [`lock`].
async fn save(tx: &Tx, import: &Import) -> Result<bool, StoreError> {
    let created = import.created().map(row::of_usage).collect::<Result<Vec<_>, _>>()?;
    let changed = import.changed().map(row::of_usage).collect::<Result<Vec<_>, _>>()?;
    let replaced = import.replaced().iter().map(|month| row::of_replaced(month, import.now()));
    let replaced = replaced.collect::<Result<Vec<_>, _>>()?;
    if !rows::insert_new::<Entity>(tx, created).await?.is_empty() {
        return Ok(false);
    }
    rows::upsert::<Entity>(tx, changed).await?;
    rows::insert::<usage_replaced::Entity>(tx, replaced).await?;
    Ok(true)
}
