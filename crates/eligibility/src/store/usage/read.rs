//! Queries for stored usage.
use std::collections::{BTreeMap, BTreeSet};

use cpor_bulk_rows::fetch_all;
use cpor_durable::StoreError;
use cpor_listing::{CursorValue, MemoryList};
use cpor_listing::{
    filter::{Field, FieldType, Value},
    order::Order,
};
use cpor_types::{TenantKey, Timestamp};
use sea_orm::{Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, sea_query::Expr};

use super::{MAX_ROWS, is_in_rows, key_columns};
use crate::{
    domain::{MonthlyUsage, StoredUsage, Usage, UsageUnit},
    store::{
        earnings::MONTH,
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

/// The fields by which lists of a key's usage can be filtered and sorted. By default the newest
/// month and the latest revision of a month are first. A list is small enough to be filtered in
/// memory, because a key has few rows for each month.
pub(crate) static USAGE: MemoryList<UsageRevision> = MemoryList {
    fields: &[
        Field {
            name: "month",
            field_type: FieldType::Ordered(MONTH),
            column: |revision| vec![Value::Text(revision.stored.usage.id.month.to_string())],
        },
        measure("active_users", |revision| units(revision, UsageUnit::ActiveUsers)),
        measure("paid_available_units", |revision| units(revision, UsageUnit::PaidAvailableUnits)),
        measure("seats_sold", |revision| units(revision, UsageUnit::SeatsSold)),
        measure("consumption", |revision| units(revision, UsageUnit::Consumption)),
        Field {
            name: "import_time",
            field_type: FieldType::Time,
            column: |revision| vec![Value::Time(revision.stored.import_time)],
        },
        Field {
            name: "replace_time",
            field_type: FieldType::Time,
            column: |revision| revision.replace_time.map(Value::Time).into_iter().collect(),
        },
    ],
    sort_keys: &[("month", month), ("import_time", |revision| CursorValue::Time(revision.stored.import_time))],
    default_order: Order { key: month, descending: true },
    tie_break: |revision| {
        let number = i64::try_from(revision.stored.revision).unwrap_or(i64::MAX);
        vec![month(revision), CursorValue::Number(number)]
    },
};

const fn measure(
    name: &'static str,
    column: fn(&UsageRevision) -> Vec<Value>,
) -> Field<fn(&UsageRevision) -> Vec<Value>> {
    Field { name, field_type: FieldType::Number, column }
}

fn units(revision: &UsageRevision, unit: UsageUnit) -> Vec<Value> {
    revision.stored.usage.measures.units(unit).map(Value::Number).into_iter().collect()
}

fn month(revision: &UsageRevision) -> CursorValue {
    CursorValue::Text(revision.stored.usage.id.month.to_string())
}

/// Returns the usage of all months of a key. With `show_replaced`, it includes the replaced
/// revisions of each month (R51). Executes one query, and one more for replaced revisions.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    key: &TenantKey,
    show_replaced: bool,
) -> Result<Vec<UsageRevision>, StoreError> {
    let rows = fetch_all(db, Entity::find().filter(is_of_key(key))).await?.into_iter();
    let current = |stored| UsageRevision { stored, replace_time: None };
    let mut found: Vec<_> = rows.map(|row| row::to_usage(row).map(current)).collect::<Result<_, _>>()?;
    if show_replaced {
        let rows = fetch_all(db, usage_replaced::Entity::find().filter(is_of_key(key))).await?;
        for row in rows {
            let (stored, time) = row::to_replaced_usage(row)?;
            found.push(UsageRevision { stored, replace_time: Some(time) });
        }
    }
    Ok(found)
}

/// Returns the condition that a row belongs to a key. It applies to both usage tables, which have
/// these columns in common.
fn is_of_key(key: &TenantKey) -> Condition {
    let (owner, key) = key_columns(key);
    Condition::all().add(Expr::col("owner").eq(owner)).add(Expr::col("key").eq(key))
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
