//! Reading usage.
use std::collections::{BTreeMap, BTreeSet};

use cpor_durable::StoreError;
use cpor_types::{Month, TenantKey};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{CHUNK, among, key_columns};
use crate::{
    domain::{MonthOfUse, Stored, Usage},
    store::{
        entity::usage_month::{Column, Entity},
        row,
    },
};

/// The months of a key, newest first, beginning with the one before `before`; at most `limit`.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    key: &TenantKey,
    before: Option<Month>,
    limit: u64,
) -> Result<Vec<Stored>, StoreError> {
    let (owner, key) = key_columns(key);
    let mut wanted = Column::Owner.eq(owner).and(Column::Key.eq(key));
    if let Some(before) = before {
        wanted = wanted.and(Column::Month.lt(before.to_string()));
    }
    let query = Entity::find().filter(wanted).order_by_desc(Column::Month).limit(limit);
    query.all(db).await?.into_iter().map(row::usage).collect()
}

/// The active use of these keys: all stored months of each, in order.
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
            usage.entry(id.key).or_default().push(MonthOfUse { month: id.month, active: measures.active() });
        }
    }
    Ok(usage)
}
