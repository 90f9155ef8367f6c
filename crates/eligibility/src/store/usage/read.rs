//! Queries for stored usage.
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use cpor_bulk_rows::fetch_all;
use cpor_durable::{StoreError, rows};
use cpor_types::{Month, TenantKey, Timestamp};
use sea_orm::{
    Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

use super::{MAX_ROWS, is_in_rows, key_columns};
use crate::{
    domain::{MonthlyUsage, StoredUsage, Usage},
    store::{
        entity::{
            usage_month::{Column, Entity},
            usage_replaced,
        },
        row,
    },
};

/// A month of usage, current or replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsageRevision {
    pub(crate) stored: StoredUsage,
    /// The time at which a later import replaced this revision, or `None` for the current one.
    pub(crate) replace_time: Option<Timestamp>,
}

impl UsageRevision {
    /// Returns the cursor with which a list continues after this revision.
    pub(crate) fn cursor(&self) -> Cursor {
        (self.stored.usage.id.month, self.stored.revision)
    }
}

/// A position in a list of usage: a month and a revision of it.
pub(crate) type Cursor = (Month, u64);

/// Lists at most `limit` months of a key (a workload or subscription), the newest first, beginning
/// before the position `before`. With `show_replaced`, the list also contains the replaced
/// revisions of each month, the latest first (R51).
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    key: &TenantKey,
    show_replaced: bool,
    before: Option<Cursor>,
    limit: u64,
) -> Result<Vec<UsageRevision>, StoreError> {
    let query = Entity::find().filter(is_before(key, before)?);
    let query = query.order_by_desc(Column::Month).order_by_desc(Column::Revision).limit(limit);
    let current = |stored| UsageRevision { stored, replace_time: None };
    let rows = fetch_all(db, query).await?.into_iter();
    let mut found: Vec<_> = rows.map(|row| row::to_usage(row).map(current)).collect::<Result<_, _>>()?;
    if show_replaced {
        found.extend(list_replaced(db, key, before, limit).await?);
        found.sort_by_key(|revision| Reverse(revision.cursor()));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(found)
}

async fn list_replaced(
    db: &impl ConnectionTrait,
    key: &TenantKey,
    before: Option<Cursor>,
    limit: u64,
) -> Result<Vec<UsageRevision>, StoreError> {
    use usage_replaced::{Column, Entity};
    let query = Entity::find().filter(is_before(key, before)?);
    let query = query.order_by_desc(Column::Month).order_by_desc(Column::Revision).limit(limit);
    let replaced = |(stored, time)| UsageRevision { stored, replace_time: Some(time) };
    fetch_all(db, query).await?.into_iter().map(|row| row::to_replaced_usage(row).map(replaced)).collect()
}

/// Returns the condition that a row belongs to a key and lies before a position. It applies to both
/// usage tables, which have these columns in common.
fn is_before(key: &TenantKey, before: Option<Cursor>) -> Result<Condition, StoreError> {
    let (owner, key) = key_columns(key);
    let column = |name: &'static str| Expr::col(name);
    let condition = Condition::all().add(column("owner").eq(owner)).add(column("key").eq(key));
    let Some((month, revision)) = before else { return Ok(condition) };
    let position = Expr::tuple([Expr::val(month.to_string()), Expr::val(rows::to_bigint(revision)?)]);
    Ok(condition.add(Expr::tuple([column("month"), column("revision")]).lt(position)))
}

/// Returns all stored months of these keys, in order.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn load_usage(
    db: &impl ConnectionTrait,
    keys: BTreeSet<TenantKey>,
) -> Result<BTreeMap<TenantKey, Vec<MonthlyUsage>>, StoreError> {
    let keys: Vec<_> = keys.iter().map(key_columns).collect();
    let mut usage = BTreeMap::<TenantKey, Vec<MonthlyUsage>>::new();
    for keys in keys.chunks(MAX_ROWS) {
        let query = Entity::find().filter(is_in_rows([Column::Owner, Column::Key], keys.iter().cloned()));
        for found in fetch_all(db, query.order_by_asc(Column::Month)).await? {
            let Usage { id, measures } = row::to_usage(found)?.usage;
            usage.entry(id.key).or_default().push(MonthlyUsage { month: id.month, measures });
        }
    }
    Ok(usage)
}
