//! Queries and updates by which operators list outgoing streams (the events of one aggregate, such
//! as a claim, for one service) and retry *parked* ones, which wait because the receiver refused an
//! event. A *sequence* is the number of an event in its stream.
use cpor_listing::{Cursor, Source, TableList, TableQuery, column, field};
use cpor_listing::{
    filter::{FieldType, Format},
    order::Order,
};
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
    /// The sequence that the next event gets.
    pub(crate) next_sequence: u64,
    /// The sequence of the last event that was delivered; 0 if there is none.
    pub(crate) delivered_sequence: u64,
    /// The number of failed deliveries since an event was last delivered, or since an operator last
    /// retried the parked stream.
    pub(crate) attempts: u32,
    /// The creation time of the oldest undelivered event; `None` if every event is delivered.
    pub(crate) oldest_undelivered_time: Option<Timestamp>,
    pub(crate) is_parked: bool,
    /// The reason why the last delivery failed, if it did. A retry keeps it until the next
    /// delivery.
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
            oldest_undelivered_time: row.oldest_undelivered_time,
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
    /// The stream is parked until an operator retries it.
    Parked,
    /// Events are undelivered, whether or not the stream is parked.
    NotIdle,
}

impl StreamFilter {
    /// Returns the SQL condition that selects the streams.
    pub(crate) fn condition(self) -> Condition {
        let has_undelivered = || Condition::all().add(Column::OldestUndeliveredTime.is_not_null());
        match self {
            Self::Idle => Condition::all().add(Column::OldestUndeliveredTime.is_null()),
            Self::Pending => has_undelivered().add(Column::ParkedReason.is_null()),
            Self::Parked => has_undelivered().add(Column::ParkedReason.is_not_null()),
            Self::NotIdle => has_undelivered(),
        }
    }
}

/// The filters and orders of the list of streams. Without a filter it contains those with
/// undelivered events. By default the one with the oldest undelivered event comes first.
pub(crate) static STREAMS: TableList<Entity> = TableList {
    fields: &[
        field("state", FieldType::Enum("STREAM_STATE_", STATES), Source::Where(is_in_state)),
        field("destination", FieldType::Enum("SERVICE_", SERVICES), Source::Where(is_sent_to)),
        column("aggregate", FieldType::Id(Format::ANY), Column::Aggregate),
        column("attempts", FieldType::Number, Column::Attempts),
        column("oldest_undelivered_time", FieldType::Time, Column::OldestUndeliveredTime),
    ],
    sort_keys: &[("oldest_undelivered_time", Column::OldestUndeliveredTime), ("attempts", Column::Attempts)],
    default_order: Order { key: Column::OldestUndeliveredTime, descending: false },
    tie_break: &KEY_COLUMNS,
    default_filter: Some(|| StreamFilter::NotIdle.condition()),
};

/// The accepted values of `state`.
const STATES: &[&str] = &["IDLE", "PENDING", "PARKED"];
/// The accepted values of `destination`.
const SERVICES: &[&str] = &["CLAIM_INTAKE", "POE_REVIEW", "CUSTOMER_CONSENT", "ELIGIBILITY", "REGISTRY"];

/// Returns the condition for the streams whose state has this name in the API.
fn is_in_state(state: &str) -> Condition {
    match state {
        "IDLE" => StreamFilter::Idle.condition(),
        "PENDING" => StreamFilter::Pending.condition(),
        _ => StreamFilter::Parked.condition(),
    }
}

/// Returns the condition for the streams to a service, which is given as the API names it.
fn is_sent_to(service: &str) -> Condition {
    Condition::all().add(Column::Destination.eq(service.to_lowercase().replace('_', "-")))
}

/// Lists at most `limit` streams that match the query, in its order, beginning after the cursor
/// `after`. Each comes with its own cursor.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    query: &TableQuery<Entity>,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<Vec<(Cursor, StreamStatus)>, DbErr> {
    let rows = query.fetch(db, Entity::find(), after, limit).await?;
    rows.into_iter().map(|(cursor, row)| Ok((cursor, StreamStatus::try_from(row)?))).collect()
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

/// Lists at most `limit` streams that have undelivered events and are not parked, the one with the
/// oldest event first.
pub(crate) async fn list_undelivered(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<StreamStatus>, DbErr> {
    let query = Entity::find().filter(StreamFilter::Pending.condition()).order_by_asc(Column::OldestUndeliveredTime);
    query.limit(limit).all(db).await?.into_iter().map(StreamStatus::try_from).collect()
}

pub(crate) async fn count_parked(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().filter(StreamFilter::Parked.condition()).count(db).await
}
