//! Counters in a table, with one row for each owner (such as a partner). Their numbers have no gaps
//! and follow the order of commits.
use std::collections::{BTreeMap, HashMap};

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IdenStatic as _};

use crate::{InputRows, Sql, to_bigint};

/// Increments the counter of each owner by its count in `counts`, in one statement, and so reserves
/// that many numbers for the calling transaction. Returns the last reserved number of each owner.
///
/// `owner` is the primary key of `E`, a text, and `last` a big integer; other columns must have
/// defaults. The rows are locked in the order of owners and stay locked until the transaction ends.
///
/// # Errors
/// Returns an error if the database fails.
pub async fn increment_counters<E: EntityTrait>(
    tx: &impl ConnectionTrait,
    owner: E::Column,
    last: E::Column,
    counts: &BTreeMap<String, u64>,
) -> Result<HashMap<String, u64>, DbErr> {
    let mut rows = InputRows::new([owner, last])?;
    for (owner, count) in counts {
        rows.push([owner.clone().into(), to_bigint(*count)?.into()]);
    }
    let mut last_numbers = HashMap::with_capacity(counts.len());
    for chunk in rows.chunks() {
        let mut sql = Sql::insert::<E>(tx.get_database_backend(), chunk)?;
        sql.push(" ON CONFLICT (").columns("", [owner]).push(") DO UPDATE SET ").columns("", [last]);
        sql.push(" = ").table::<E>().push(".").columns("", [last]).push(" + ").columns("excluded.", [last]);
        sql.push(" RETURNING ").columns("", [owner, last]);
        for row in tx.query_all_raw(sql.statement()).await? {
            last_numbers
                .insert(row.try_get("", owner.as_str())?, row.try_get::<i64>("", last.as_str())?.unsigned_abs());
        }
    }
    Ok(last_numbers)
}
