//! Queries and updates by which operators list outgoing streams and retry parked ones. A parked
//! stream is not delivered until an operator retries it.
use cpor_types::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};

use super::stream::{KEY_COLUMNS, OutboxStreamKey};
use crate::entity::outbox_stream::{Column, Entity, Model};

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

impl TryFrom<Model> for StreamStatus {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        Ok(Self {
            stream: OutboxStreamKey::new(row.owner, row.aggregate, row.id, &row.destination)?,
            next_sequence: row.next_sequence.unsigned_abs(),
            delivered_sequence: row.delivered_sequence.unsigned_abs(),
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            oldest_time: row.oldest_time,
            is_parked: row.parked_reason.is_some(),
            last_error: row.last_error,
        })
    }
}

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
    /// Returns the condition for the streams.
    pub(crate) fn condition(self) -> Condition {
        let has_undelivered = || Condition::all().add(Column::OldestTime.is_not_null());
        match self {
            Self::Idle => Condition::all().add(Column::OldestTime.is_null()),
            Self::Pending => has_undelivered().add(Column::ParkedReason.is_null()),
            Self::Parked => has_undelivered().add(Column::ParkedReason.is_not_null()),
            Self::NotIdle => has_undelivered(),
        }
    }
}

/// The position after which the next page of a list begins: the last stream of the previous page.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct StreamCursor {
    oldest_time: Option<Timestamp>,
    stream: String,
}

impl StreamCursor {
    /// Returns the position of `status` in the list.
    pub(crate) fn new(status: &StreamStatus) -> Self {
        Self { oldest_time: status.oldest_time, stream: status.stream.to_string() }
    }
}

/// Returns the condition for streams that come after a position in the list.
fn is_after(oldest_time: Option<Timestamp>, stream: &OutboxStreamKey) -> Expr {
    let (columns, values) = (KEY_COLUMNS.map(Expr::col), stream.values().map(Expr::Value));
    match oldest_time {
        None => Expr::tuple(columns).gt(Expr::tuple(values)),
        Some(oldest_time) => {
            let columns = [Expr::col(Column::OldestTime)].into_iter().chain(columns);
            let values = [Expr::value(oldest_time)].into_iter().chain(values);
            Expr::tuple(columns).gt(Expr::tuple(values))
        }
    }
}

/// Lists streams, ordered by the creation time of their oldest undelivered event.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    filter: StreamFilter,
    after: Option<StreamCursor>,
    limit: u64,
) -> Result<Vec<StreamStatus>, DbErr> {
    let mut query = Entity::find().filter(filter.condition()).limit(limit);
    let after = after.and_then(|after| Some((after.oldest_time, after.stream.parse::<OutboxStreamKey>().ok()?)));
    if let Some((oldest_time, stream)) = after {
        query = query.filter(is_after(oldest_time, &stream));
    }
    if filter != StreamFilter::Idle {
        query = query.order_by_asc(Column::OldestTime);
    }
    let query = KEY_COLUMNS.into_iter().fold(query, |query, column| query.order_by_asc(column));
    query.all(db).await?.into_iter().map(StreamStatus::try_from).collect()
}

/// Loads one stream, if it exists.
pub(crate) async fn find(db: &impl ConnectionTrait, stream: &OutboxStreamKey) -> Result<Option<StreamStatus>, DbErr> {
    Entity::find_by_id(stream.primary_key()).one(db).await?.map(StreamStatus::try_from).transpose()
}

/// Makes a parked stream available for delivery again. Returns whether the stream was parked.
pub(crate) async fn unpark(db: &impl ConnectionTrait, stream: &OutboxStreamKey) -> Result<bool, DbErr> {
    let key = Expr::tuple(KEY_COLUMNS.map(Expr::col)).eq(Expr::tuple(stream.values().map(Expr::Value)));
    let update = Entity::update_many()
        .col_expr(Column::ParkedReason, Expr::value(None::<String>))
        .col_expr(Column::Attempts, Expr::value(0_i64))
        .col_expr(Column::ReadyTime, Expr::value(Timestamp::UNIX_EPOCH))
        .filter(key)
        .filter(Column::ParkedReason.is_not_null());
    Ok(update.exec(db).await?.rows_affected > 0)
}

/// Lists at most `limit` streams that have undelivered events and are not parked.
pub(crate) async fn list_undelivered(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<StreamStatus>, DbErr> {
    list(db, StreamFilter::Pending, None, limit).await
}

/// Counts the parked streams.
pub(crate) async fn count_parked(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().filter(StreamFilter::Parked.condition()).count(db).await
}
