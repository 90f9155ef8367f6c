//! Queries and updates by which operators list outgoing streams and retry parked ones.
use cpor_types::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::stream::{KEY_COLUMNS, OutboxStreamKey};
use crate::rows::{Micros, Sql};

/// An outgoing stream with the progress of its delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StreamStatus {
    pub(crate) stream: OutboxStreamKey,
    pub(crate) next_sequence: u64,
    pub(crate) delivered_sequence: u64,
    /// The number of failed deliveries since the last success.
    pub(crate) attempts: u32,
    /// The creation time of the oldest undelivered event; `None` if every event is delivered.
    pub(crate) oldest_time: Option<Timestamp>,
    pub(crate) is_parked: bool,
    pub(crate) last_error: Option<String>,
}

/// The SQL condition for streams that have undelivered events and are not parked.
pub(crate) const PENDING_CONDITION: &str = "oldest_time IS NOT NULL AND parked_reason IS NULL";

/// Selects streams by the progress of their delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamFilter {
    /// Every event is delivered.
    Idle,
    /// Events are undelivered, and the stream is not parked.
    Pending,
    /// The stream is parked.
    Parked,
    /// Events are undelivered, whether or not the stream is parked.
    NotIdle,
}

impl StreamFilter {
    fn condition(self) -> &'static str {
        match self {
            Self::Idle => "oldest_time IS NULL",
            Self::Pending => PENDING_CONDITION,
            Self::Parked => "oldest_time IS NOT NULL AND parked_reason IS NOT NULL",
            Self::NotIdle => "oldest_time IS NOT NULL",
        }
    }
}

/// The place after which the next page of a list begins: the last stream of the previous page.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct StreamCursor {
    oldest_time: Option<Micros>,
    stream: String,
}

impl StreamCursor {
    /// Returns the place of `status` in the list.
    pub(crate) fn new(status: &StreamStatus) -> Self {
        Self { oldest_time: status.oldest_time.map(Micros::from), stream: status.stream.to_string() }
    }
}

const COLUMNS: &str = "next_sequence, delivered_sequence, attempts, oldest_time, parked_reason, last_error";

/// Lists streams, ordered by the creation time of their oldest undelivered event.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    filter: StreamFilter,
    after: Option<StreamCursor>,
    limit: u64,
) -> Result<Vec<StreamStatus>, DbErr> {
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("SELECT ")
        .push(KEY_COLUMNS)
        .push(", ")
        .push(COLUMNS)
        .push(" FROM outbox_stream WHERE ")
        .push(filter.condition());
    let after = after.and_then(|after| Some((after.oldest_time, after.stream.parse::<OutboxStreamKey>().ok()?)));
    if let Some((oldest_time, stream)) = after {
        sql.push(" AND (");
        if let Some(oldest_time) = oldest_time {
            sql.push("oldest_time, ").push(KEY_COLUMNS).push(") > (").bind(oldest_time).push(", ");
        } else {
            sql.push(KEY_COLUMNS).push(") > (");
        }
        for (n, value) in stream.values().into_iter().enumerate() {
            sql.push(if n > 0 { ", " } else { "" }).bind(value);
        }
        sql.push(")");
    }
    sql.push(" ORDER BY ");
    if filter != StreamFilter::Idle {
        sql.push("oldest_time, ");
    }
    sql.push(KEY_COLUMNS).push(" LIMIT ").bind(limit.cast_signed());
    db.query_all_raw(sql.statement()).await?.iter().map(status_from_row).collect()
}

/// Loads one stream, if it exists.
pub(crate) async fn find(db: &impl ConnectionTrait, stream: &OutboxStreamKey) -> Result<Option<StreamStatus>, DbErr> {
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("SELECT ").push(KEY_COLUMNS).push(", ").push(COLUMNS).push(" FROM outbox_stream WHERE ");
    push_key_condition(&mut sql, stream);
    db.query_one_raw(sql.statement()).await?.as_ref().map(status_from_row).transpose()
}

/// Makes a parked stream available for delivery again. Returns whether the stream was parked.
pub(crate) async fn unpark(db: &impl ConnectionTrait, stream: &OutboxStreamKey) -> Result<bool, DbErr> {
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("UPDATE outbox_stream SET parked_reason = NULL, attempts = 0, ready_time = 0 WHERE ");
    push_key_condition(&mut sql, stream);
    sql.push(" AND parked_reason IS NOT NULL");
    Ok(db.execute_raw(sql.statement()).await?.rows_affected() > 0)
}

/// Lists at most `limit` streams that have undelivered events and are not parked.
pub(crate) async fn list_undelivered(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<StreamStatus>, DbErr> {
    list(db, StreamFilter::Pending, None, limit).await
}

/// Counts the parked streams.
pub(crate) async fn count_parked(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let mut sql = Sql::new(db.get_database_backend());
    sql.push("SELECT count(*) AS parked FROM outbox_stream WHERE ").push(StreamFilter::Parked.condition());
    let row = db.query_one_raw(sql.statement()).await?;
    Ok(row.map(|row| row.try_get::<i64>("", "parked")).transpose()?.unwrap_or_default().unsigned_abs())
}

fn push_key_condition(sql: &mut Sql, stream: &OutboxStreamKey) {
    sql.push("(").push(KEY_COLUMNS).push(") = (");
    for (n, value) in stream.values().into_iter().enumerate() {
        sql.push(if n > 0 { ", " } else { "" }).bind(value);
    }
    sql.push(")");
}

fn status_from_row(row: &QueryResult) -> Result<StreamStatus, DbErr> {
    Ok(StreamStatus {
        stream: OutboxStreamKey::from_row(row)?,
        next_sequence: row.try_get::<i64>("", "next_sequence")?.unsigned_abs(),
        delivered_sequence: row.try_get::<i64>("", "delivered_sequence")?.unsigned_abs(),
        attempts: u32::try_from(row.try_get::<i64>("", "attempts")?).unwrap_or(u32::MAX),
        oldest_time: row.try_get::<Option<Micros>>("", "oldest_time")?.map(Timestamp::from),
        is_parked: row.try_get::<Option<String>>("", "parked_reason")?.is_some(),
        last_error: row.try_get("", "last_error")?,
    })
}
