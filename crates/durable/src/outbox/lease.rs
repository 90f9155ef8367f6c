//! Leases on outgoing streams (the events of one aggregate, such as a claim, for one service):
//! while one relay (a task that delivers events) holds a stream's lease, no other relay delivers
//! the stream. A *sequence* is the number of an event in its stream. A *parked* stream is not
//! delivered until an operator retries it, because its receiver refused an event.
use std::collections::BTreeMap;

use cpor_bulk_rows::{InputRows, Sql};
use cpor_proto::events::v1::Event;
use cpor_types::{Service, Timestamp};
use prost::Message as _;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbBackend, DbErr, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    QueryTrait as _, sea_query::Expr,
};
use uuid::Uuid;

use super::stream::{KEY_COLUMNS, OutboxStreamKey};
use crate::{
    Tx,
    entity::outbox_stream::{Column, Entity},
};

/// The maximum number of streams in one delivery.
pub(super) const MAX_STREAMS: u64 = 256;

/// The maximum number of events that are read for one delivery. The last of them is not delivered:
/// it only shows that there are more. The number is limited, because the receiver must apply the
/// events within the timeout of one delivery, one after the other if they belong to one stream.
const MAX_EVENTS: u64 = 500;

/// The maximum size of one delivery, well below the 4 MiB that a gRPC server accepts by default. A
/// larger event is sent alone.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// A stream that this relay has leased, with the events to deliver next.
#[derive(Clone, Debug)]
pub(super) struct LeasedStream {
    pub(super) stream: OutboxStreamKey,
    /// The last sequence that was delivered before.
    pub(super) delivered_sequence: u64,
    /// The number of failed deliveries since an event was last delivered, or since an operator last
    /// retried the parked stream.
    pub(super) attempts: u32,
    /// The next events, without gaps. Empty if the events of other streams have used up the limits
    /// of the delivery, or if the next event cannot be read.
    pub(super) events: Vec<Event>,
    /// The reason why the event after `events` cannot be read from the outbox, if it cannot.
    pub(super) unreadable_reason: Option<String>,
}

impl LeasedStream {
    /// Returns the last sequence that is delivered if the delivery succeeds.
    pub(super) fn last_sequence(&self) -> u64 {
        self.events.last().map_or(self.delivered_sequence, |event| event.sequence)
    }
}

/// Lists the services to which at least one stream can be delivered now: it has undelivered events,
/// is not parked, is not leased, and does not wait for a retry.
pub(super) async fn list_destinations_with_due_streams(
    db: &impl ConnectionTrait,
    now: Timestamp,
) -> Result<Vec<Service>, DbErr> {
    let mut service_rows = InputRows::new([Column::Destination])?;
    Service::ALL.iter().for_each(|service| service_rows.push([service.as_str().into()]));
    // One search of the index for each service. The services are the rows of the table `s`. SELECT
    // DISTINCT would read all ready streams.
    let mut sql = Sql::with_rows(db.get_database_backend(), service_rows)?;
    sql.push(
        "SELECT s.destination FROM s WHERE EXISTS (SELECT 1 FROM outbox_stream o WHERE o.destination = s.destination",
    );
    sql.push(" AND o.delivered_sequence < o.next_sequence - 1 AND o.parked_reason IS NULL AND o.ready_time <= ");
    sql.bind(now).push(")");
    let rows = db.query_all_raw(sql.statement()).await?;
    let names = rows.iter().map(|row| row.try_get::<String>("", "destination"));
    names.map(|name| name?.parse().map_err(|error| DbErr::Type(format!("{error}")))).collect()
}

/// Returns the earliest time from which a stream for `destination` can be leased, of the streams
/// with undelivered events that no relay has leased and that are not parked.
pub(super) async fn next_retry_time(
    db: &impl ConnectionTrait,
    destination: Service,
) -> Result<Option<Timestamp>, DbErr> {
    let query = Entity::find()
        .select_only()
        .column_as(Column::ReadyTime.min(), "ready_time")
        .filter(Column::Destination.eq(destination.as_str()))
        // With a parameter, the condition would not match the partial index.
        .filter(Expr::cust("delivered_sequence < next_sequence - 1"))
        .filter(Column::ParkedReason.is_null())
        .filter(Column::LeaseToken.is_null());
    match db.query_one(&query.into_query()).await? {
        Some(row) => row.try_get("", "ready_time"),
        None => Ok(None),
    }
}

/// Releases every lease and returns the number of released leases. Only for SQLite, where a single
/// process uses the database: the leases that it finds at its start were left by a process that
/// crashed.
pub(super) async fn release_all(tx: &Tx) -> Result<u64, DbErr> {
    let release = Entity::update_many()
        .col_expr(Column::LeaseToken, Expr::value(None::<Uuid>))
        .col_expr(Column::ReadyTime, Expr::value(Timestamp::UNIX_EPOCH))
        .filter(Column::LeaseToken.is_not_null());
    Ok(release.exec(tx).await?.rows_affected)
}

/// Leases streams for `destination` that have undelivered events, are not leased, and do not wait
/// for a retry. The leases have the id `lease_token` and end at `lease_end`.
pub(super) async fn lease(
    tx: &Tx,
    destination: Service,
    lease_token: Uuid,
    now: Timestamp,
    lease_end: Timestamp,
) -> Result<Vec<LeasedStream>, DbErr> {
    // `ready_time` is the time from which a stream can be leased: the end of a lease, or of the
    // wait before a retry.
    //
    // One statement selects and updates the streams; SeaORM cannot express it. Without MATERIALIZED
    // the planner may evaluate the LIMIT more than once.
    let mut sql = Sql::new(tx.get_database_backend());
    sql.push("WITH due AS MATERIALIZED (SELECT ").primary_key::<Entity>("");
    sql.push(" FROM outbox_stream WHERE destination = ").bind(destination.as_str());
    sql.push(" AND delivered_sequence < next_sequence - 1 AND parked_reason IS NULL AND ready_time <= ").bind(now);
    sql.push(" ORDER BY ready_time LIMIT ").bind(MAX_STREAMS.cast_signed()).for_update_skip_locked();
    sql.push(") UPDATE outbox_stream SET lease_token = ").bind(lease_token);
    sql.push(", ready_time = ").bind(lease_end).push(" WHERE (").primary_key::<Entity>("");
    sql.push(") IN (SELECT ").primary_key::<Entity>("").push(" FROM due)");
    if tx.get_database_backend() == DbBackend::Postgres {
        // The commit of this transaction does not wait for the disk. If the server crashes before
        // the transaction is on the disk, its leases and the results that it stores are lost, and
        // the receivers recognise the events that are delivered again.
        sql.push(" AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL");
    }
    sql.push(" RETURNING ").primary_key::<Entity>("");
    sql.push(", delivered_sequence, attempts");
    let mut streams = BTreeMap::new();
    for row in tx.query_all_raw(sql.statement()).await? {
        let stream = OutboxStreamKey::from_row(&row)?;
        let delivered_sequence = row.try_get::<i64>("", "delivered_sequence")?.unsigned_abs();
        let attempts = u32::try_from(row.try_get::<i64>("", "attempts")?).unwrap_or(u32::MAX);
        let (events, unreadable_reason) = (Vec::new(), None);
        streams
            .insert(stream.clone(), LeasedStream { stream, delivered_sequence, attempts, events, unreadable_reason });
    }
    load_events(tx, &mut streams).await?;
    Ok(streams.into_values().collect())
}

/// Loads the streams' next events, as many as one delivery may contain.
async fn load_events(tx: &Tx, streams: &mut BTreeMap<OutboxStreamKey, LeasedStream>) -> Result<(), DbErr> {
    let mut keys = InputRows::new(KEY_COLUMNS)?;
    streams.keys().for_each(|stream| keys.push(stream.values()));
    let (mut bytes_left, mut count) = (MAX_BYTES, 0);
    for chunk in keys.chunks() {
        // `cpor_bulk_rows::load` does not fit, because it has no limit for the number of rows. The
        // table `s` contains the keys of the streams.
        let mut sql = Sql::with_rows(tx.get_database_backend(), chunk)?;
        sql.push("SELECT ").primary_key::<Entity>("").push(", payload FROM outbox_event WHERE (");
        sql.primary_key::<Entity>("").push(") IN (SELECT ").primary_key::<Entity>("s.").push(" FROM s) ORDER BY ");
        sql.primary_key::<Entity>("").push(", sequence LIMIT ").bind(MAX_EVENTS.cast_signed());
        for row in tx.query_all_raw(sql.statement()).await? {
            let payload: Vec<u8> = row.try_get("", "payload")?;
            count += 1;
            if count == MAX_EVENTS || (bytes_left < MAX_BYTES && payload.len() > bytes_left) {
                return Ok(());
            }
            bytes_left = bytes_left.saturating_sub(payload.len());
            if let Some(leased) = streams.get_mut(&OutboxStreamKey::from_row(&row)?) {
                add_event(leased, &payload);
            }
        }
    }
    // Neither limit was reached, so all events were read. If a leased stream has none, its next
    // event is missing.
    for leased in streams.values_mut().filter(|leased| leased.events.is_empty()) {
        leased.unreadable_reason.get_or_insert_with(|| format!("event {} is missing", leased.delivered_sequence + 1));
    }
    Ok(())
}

/// Decodes an event and adds it to the stream, or records why the event cannot be delivered.
fn add_event(leased: &mut LeasedStream, payload: &[u8]) {
    if leased.unreadable_reason.is_some() {
        return;
    }
    let next = leased.last_sequence() + 1;
    match Event::decode(payload) {
        Ok(event) if event.sequence == next => leased.events.push(event),
        Ok(_) => leased.unreadable_reason = Some(format!("event {next} is missing")),
        Err(error) => leased.unreadable_reason = Some(format!("event {next} cannot be decoded: {error}")),
    }
}
