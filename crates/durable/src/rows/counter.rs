//! Counters in a table, one row for each owner. Their numbers have no gaps and follow the order of
//! commits.
use std::collections::{BTreeMap, HashMap};

use sea_orm::{ConnectionTrait, DbErr};

use super::{Column, ColumnKind, InputRows, Sql, to_bigint};
use crate::Tx;

/// Increments the counter of each owner by its number in `counts`, in one statement. Returns each
/// owner's last number: the numbers up to it are reserved for the caller.
///
/// `table` has the columns `owner` (text, the primary key) and `last` (big integer). The rows are
/// locked in the order of owners and stay locked until the transaction ends.
///
/// # Errors
/// If the database fails.
pub async fn increment_counters(
    tx: &Tx,
    table: &'static str,
    counts: &BTreeMap<String, u64>,
) -> Result<HashMap<String, u64>, DbErr> {
    let mut rows = InputRows::new(vec![Column::new("owner", ColumnKind::Text), Column::new("last", ColumnKind::Int)]);
    for (owner, count) in counts {
        rows.push([owner.clone().into(), to_bigint(*count)?.into()]);
    }
    let mut last_numbers = HashMap::with_capacity(counts.len());
    for chunk in rows.chunks() {
        let mut sql = Sql::with_rows(tx.get_database_backend(), chunk)?;
        sql.push("INSERT INTO ").push(table).push(" (owner, last) SELECT owner, last FROM s WHERE TRUE");
        sql.push(" ON CONFLICT (owner) DO UPDATE SET last = ").push(table).push(".last + excluded.last");
        sql.push(" RETURNING owner, last");
        for row in tx.query_all_raw(sql.statement()).await? {
            last_numbers.insert(row.try_get("", "owner")?, row.try_get::<i64>("", "last")?.unsigned_abs());
        }
    }
    Ok(last_numbers)
}
