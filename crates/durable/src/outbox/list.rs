//! Outgoing streams as operators see and move them.
use cpor_types::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::stream::{KEY, OutboxKey};
use crate::rows::{Micros, Sql};

/// A stream with its standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) stream: OutboxKey,
    pub(crate) next_sequence: u64,
    pub(crate) delivered_sequence: u64,
    pub(crate) attempts: u32,
    pub(crate) oldest_time: Option<Timestamp>,
    pub(crate) parked: bool,
    pub(crate) last_error: Option<String>,
}

/// Which streams have something to deliver and are not parked.
pub(crate) const PENDING: &str = "oldest_time IS NOT NULL AND parked_reason IS NULL";

/// Which streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    Idle,
    Pending,
    Parked,
    NotIdle,
}

impl Filter {
    fn sql(self) -> &'static str {
        match self {
            Self::Idle => "oldest_time IS NULL",
            Self::Pending => PENDING,
            Self::Parked => "oldest_time IS NOT NULL AND parked_reason IS NOT NULL",
            Self::NotIdle => "oldest_time IS NOT NULL",
        }
    }
}

/// Where a listing goes on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct After {
    oldest: Option<Micros>,
    stream: String,
}

impl After {
    pub(crate) fn of(listed: &Listed) -> Self {
        Self { oldest: listed.oldest_time.map(Micros::from), stream: listed.stream.to_string() }
    }
}

const COLUMNS: &str = "next_sequence, delivered_sequence, attempts, oldest_time, parked_reason, last_error";

/// Streams, those with the oldest undelivered event first.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    filter: Filter,
    after: Option<After>,
    limit: u64,
) -> Result<Vec<Listed>, DbErr> {
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("SELECT ").push(KEY).push(", ").push(COLUMNS).push(" FROM outbox_stream WHERE ").push(filter.sql());
    let after = after.and_then(|after| Some((after.oldest, after.stream.parse::<OutboxKey>().ok()?)));
    if let Some((oldest, stream)) = after {
        sql.push(" AND (");
        if let Some(oldest) = oldest {
            sql.push("oldest_time, ").push(KEY).push(") > (").bind(oldest).push(", ");
        } else {
            sql.push(KEY).push(") > (");
        }
        for (n, value) in stream.values().into_iter().enumerate() {
            sql.push(if n > 0 { ", " } else { "" }).bind(value);
        }
        sql.push(")");
    }
    sql.push(" ORDER BY ");
    if filter != Filter::Idle {
        sql.push("oldest_time, ");
    }
    sql.push(KEY).push(" LIMIT ").bind(limit.cast_signed());
    db.query_all_raw(sql.statement()).await?.iter().map(listed).collect()
}

/// One stream.
pub(crate) async fn find(db: &impl ConnectionTrait, stream: &OutboxKey) -> Result<Option<Listed>, DbErr> {
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("SELECT ").push(KEY).push(", ").push(COLUMNS).push(" FROM outbox_stream WHERE ");
    by_key(&mut sql, stream);
    db.query_one_raw(sql.statement()).await?.as_ref().map(listed).transpose()
}

/// Takes a parked stream back into delivery. Answers whether it was parked.
pub(crate) async fn retry(db: &impl ConnectionTrait, stream: &OutboxKey) -> Result<bool, DbErr> {
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("UPDATE outbox_stream SET parked_reason = NULL, attempts = 0, ready_time = 0 WHERE ");
    by_key(&mut sql, stream);
    sql.push(" AND parked_reason IS NOT NULL");
    Ok(db.execute_raw(sql.statement()).await?.rows_affected() > 0)
}

/// Streams that have something to deliver and are not parked; at most `limit`.
pub(crate) async fn undelivered(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<Listed>, DbErr> {
    list(db, Filter::Pending, None, limit).await
}

/// How many streams are parked.
pub(crate) async fn parked(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("SELECT count(*) AS parked FROM outbox_stream WHERE ").push(Filter::Parked.sql());
    let row = db.query_one_raw(sql.statement()).await?;
    Ok(row.map(|row| row.try_get::<i64>("", "parked")).transpose()?.unwrap_or_default().unsigned_abs())
}

fn by_key(sql: &mut Sql, stream: &OutboxKey) {
    sql.push("(").push(KEY).push(") = (");
    for (n, value) in stream.values().into_iter().enumerate() {
        sql.push(if n > 0 { ", " } else { "" }).bind(value);
    }
    sql.push(")");
}

fn listed(row: &QueryResult) -> Result<Listed, DbErr> {
    Ok(Listed {
        stream: OutboxKey::read(row)?,
        next_sequence: row.try_get::<i64>("", "next_sequence")?.unsigned_abs(),
        delivered_sequence: row.try_get::<i64>("", "delivered_sequence")?.unsigned_abs(),
        attempts: u32::try_from(row.try_get::<i64>("", "attempts")?).unwrap_or(u32::MAX),
        oldest_time: row.try_get::<Option<Micros>>("", "oldest_time")?.map(Timestamp::from),
        parked: row.try_get::<Option<String>>("", "parked_reason")?.is_some(),
        last_error: row.try_get("", "last_error")?,
    })
}
