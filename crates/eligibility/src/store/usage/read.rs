//! Reading usage.
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use cpor_durable::StoreError;
use cpor_types::{Month, TenantKey, Timestamp};
use sea_orm::{
    Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

use super::{CHUNK, among, key_columns};
use crate::{
    domain::{MonthOfUse, Stored, Usage},
    store::{
        entity::{
            usage_month::{Column, Entity},
            usage_replaced,
        },
        row,
    },
};

/// A month as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) stored: Stored,
    /// When a later import took its place; `None` for what counts.
    pub(crate) replaced: Option<Timestamp>,
}

impl Listed {
    /// Where a list goes on after it.
    pub(crate) fn cursor(&self) -> Cursor {
        (self.stored.usage.id.month, self.stored.revision)
    }
}

/// A place in a list of months: the month, and the revision within it.
pub(crate) type Cursor = (Month, u64);

/// The months of a key, newest first, beginning before `before`; at most `limit`. With `show_replaced`, each with what it
/// replaced, the latest first (R51).
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    key: &TenantKey,
    show_replaced: bool,
    before: Option<Cursor>,
    limit: u64,
) -> Result<Vec<Listed>, StoreError> {
    let query = Entity::find().filter(older(key, before)?);
    let query = query.order_by_desc(Column::Month).order_by_desc(Column::Revision).limit(limit);
    let current = |stored| Listed { stored, replaced: None };
    let mut found: Vec<_> =
        query.all(db).await?.into_iter().map(|row| row::usage(row).map(current)).collect::<Result<_, _>>()?;
    if show_replaced {
        found.extend(replaced(db, key, before, limit).await?);
        found.sort_by_key(|listed| Reverse(listed.cursor()));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(found)
}

async fn replaced(
    db: &impl ConnectionTrait,
    key: &TenantKey,
    before: Option<Cursor>,
    limit: u64,
) -> Result<Vec<Listed>, StoreError> {
    use usage_replaced::{Column, Entity};
    let query = Entity::find().filter(older(key, before)?);
    let query = query.order_by_desc(Column::Month).order_by_desc(Column::Revision).limit(limit);
    let listed = |(stored, time)| Listed { stored, replaced: Some(time) };
    query.all(db).await?.into_iter().map(|row| row::replaced(row).map(listed)).collect()
}

/// The rows of a key before a place, in either table of usage: they have these columns in common.
fn older(key: &TenantKey, before: Option<Cursor>) -> Result<Condition, StoreError> {
    let (owner, key) = key_columns(key);
    let column = |name: &'static str| Expr::col(name);
    let wanted = Condition::all().add(column("owner").eq(owner)).add(column("key").eq(key));
    let Some((month, revision)) = before else { return Ok(wanted) };
    let place = Expr::tuple([Expr::val(month.to_string()), Expr::val(row::stored(revision)?)]);
    Ok(wanted.add(Expr::tuple([column("month"), column("revision")]).lt(place)))
}

/// What was measured of these keys: all stored months of each, in order.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn of_keys(
    db: &impl ConnectionTrait,
    keys: BTreeSet<TenantKey>,
) -> Result<BTreeMap<TenantKey, Vec<MonthOfUse>>, StoreError> {
    let keys: Vec<_> = keys.iter().map(key_columns).collect();
    let mut usage = BTreeMap::<TenantKey, Vec<MonthOfUse>>::new();
    for keys in keys.chunks(CHUNK) {
        let query = Entity::find().filter(among([Column::Owner, Column::Key], keys.iter().cloned()));
        for found in query.order_by_asc(Column::Month).all(db).await? {
            let Usage { id, measures } = row::usage(found)?.usage;
            usage.entry(id.key).or_default().push(MonthOfUse { month: id.month, measures });
        }
    }
    Ok(usage)
}
