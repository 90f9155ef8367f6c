//! Counters, one row for each owner: their numbers have no gaps and follow the order of commits.
use std::collections::{BTreeMap, HashMap};

use sea_orm::{ConnectionTrait, DbErr};

use super::{Column, Kind, Sql, Table, stored};
use crate::Tx;

/// Counts on by so many for each owner, and answers how far each is now: the numbers up to there are the caller's. `table` has the
/// columns `owner` (text, its primary key) and `last` (big integer). The rows stay locked until the transaction ends, taken in
/// the order of owners; one statement.
///
/// # Errors
/// The database's.
pub async fn count(
    tx: &Tx,
    table: &'static str,
    counts: &BTreeMap<String, u64>,
) -> Result<HashMap<String, u64>, DbErr> {
    let mut rows = Table::new(vec![Column::new("owner", Kind::Text), Column::new("last", Kind::Int)]);
    for (owner, count) in counts {
        rows.push([owner.clone().into(), stored(*count)?.into()]);
    }
    let mut counted = HashMap::with_capacity(counts.len());
    for piece in rows.pieces() {
        let mut sql = Sql::with(tx.get_database_backend(), piece)?;
        sql.push("INSERT INTO ").push(table).push(" (owner, last) SELECT owner, last FROM s WHERE TRUE");
        sql.push(" ON CONFLICT (owner) DO UPDATE SET last = ").push(table).push(".last + excluded.last");
        sql.push(" RETURNING owner, last");
        for row in tx.query_all_raw(sql.statement()).await? {
            counted.insert(row.try_get("", "owner")?, row.try_get::<i64>("", "last")?.unsigned_abs());
        }
    }
    Ok(counted)
}
