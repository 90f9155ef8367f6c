//! Pending usage: imported months of usage that assessments have not used yet. The column `pending`
//! of the table `usage_month` marks them.
use std::collections::BTreeSet;

use cpor_bulk_rows::fetch_all;
use cpor_durable::{AggregateKey, StoreError, rows};
use cpor_types::TenantKey;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use super::{MAX_ROWS, is_in_rows, key_columns, month_columns};
use crate::{
    domain::{StoredUsage, UsageId},
    store::{
        entity::{
            assessment_key,
            usage_month::{Column, Entity},
        },
        row,
    },
};

/// An imported month, with the revision that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PendingUsage {
    id: UsageId,
    revision: u64,
}

impl PendingUsage {
    /// Returns the workload or subscription whose usage was imported.
    pub(crate) fn key(&self) -> &TenantKey {
        &self.id.key
    }
}

/// Lists at most `limit` pending months, using the partial index `usage_month_pending`.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list_pending(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<PendingUsage>, StoreError> {
    let query = Entity::find().filter(Expr::col(Column::Pending));
    let query = query.order_by_asc(Column::Owner).order_by_asc(Column::Key).order_by_asc(Column::Month);
    let pending = |StoredUsage { usage, revision, .. }| PendingUsage { id: usage.id, revision };
    fetch_all(db, query.limit(limit)).await?.into_iter().map(|row| row::to_usage(row).map(pending)).collect()
}

/// Counts the pending months.
///
/// # Errors
/// Returns an error if the database cannot be reached.
pub(crate) async fn count_pending(db: &impl ConnectionTrait) -> Result<u64, StoreError> {
    Ok(Entity::find().filter(Expr::col(Column::Pending)).count(db).await?)
}

/// Returns the storage keys of the assessments that depend on these months.
///
/// # Errors
/// Returns an error if the database cannot be reached.
pub(crate) async fn list_dependent_assessments(
    db: &impl ConnectionTrait,
    pending: &[PendingUsage],
) -> Result<Vec<AggregateKey>, StoreError> {
    use assessment_key::{Column, Entity};
    let usage_keys: BTreeSet<_> = pending.iter().map(|month| key_columns(month.key())).collect();
    let usage_keys: Vec<_> = usage_keys.into_iter().collect();
    let mut assessment_keys = BTreeSet::new();
    for usage_keys in usage_keys.chunks(MAX_ROWS) {
        let has_key = is_in_rows([Column::Owner, Column::Key], usage_keys.iter().cloned());
        let rows = fetch_all(db, Entity::find().filter(has_key)).await?;
        assessment_keys.extend(rows.into_iter().map(|row| AggregateKey::new(row.owner, row.id.into())));
    }
    Ok(assessment_keys.into_iter().collect())
}

/// Records that every assessment that depends on these months was made with them. A month that was
/// imported again after it was read stays pending.
///
/// # Errors
/// Returns an error if the database cannot be reached.
pub(crate) async fn mark_as_assessed(db: &impl ConnectionTrait, pending: &[PendingUsage]) -> Result<(), StoreError> {
    for months in pending.chunks(MAX_ROWS) {
        let mut rows = Vec::with_capacity(months.len());
        for PendingUsage { id, revision } in months {
            let (owner, key, month) = month_columns(&id.key, id.month);
            rows.push((owner, key, month, rows::to_bigint(*revision)?));
        }
        let columns = [Column::Owner, Column::Key, Column::Month, Column::Revision];
        let is_read_revision = is_in_rows(columns, rows);
        let update = Entity::update_many().col_expr(Column::Pending, Expr::val(false)).filter(is_read_revision);
        update.exec(db).await?;
    }
    Ok(())
}
