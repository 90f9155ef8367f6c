//! Taking streams to deliver, so that nobody else delivers them meanwhile.
use std::collections::BTreeMap;

use cpor_proto::events::v1::Event;
use cpor_types::{Service, Timestamp};
use prost::Message as _;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::stream::{KEY, OutboxKey, ROW_KEY};
use crate::{
    Tx,
    rows::{Column, Kind, Micros, Sql, Table},
};

/// Streams in one delivery.
pub(super) const MOST_STREAMS: u64 = 256;

/// Events in one delivery. They may be of one stream, and then are applied one after the other while the delivery lasts.
const MOST_EVENTS: u64 = 500;

/// Bytes in one delivery, well under what a gRPC server takes by default (4 MiB). A larger event goes alone.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// A stream that is ours until the lease ends.
#[derive(Clone, Debug)]
pub(super) struct Leased {
    pub(super) stream: OutboxKey,
    pub(super) delivered: u64,
    pub(super) attempts: u32,
    /// The next events, without gaps; none when others filled the delivery.
    pub(super) events: Vec<Event>,
    /// The next event cannot be read back.
    pub(super) unreadable: Option<String>,
}

impl Leased {
    /// The last sequence that is sent.
    pub(super) fn last(&self) -> u64 {
        self.events.last().map_or(self.delivered, |event| event.sequence)
    }
}

/// The services that could be delivered to now.
pub(super) async fn ready(db: &impl ConnectionTrait, now: Timestamp) -> Result<Vec<Service>, DbErr> {
    let mut services = Table::new(vec![Column::new("destination", Kind::Text)]);
    Service::ALL.iter().for_each(|service| services.push([service.as_str().into()]));
    let mut sql = Sql::with(db.get_database_backend(), services)?;
    sql.push(
        "SELECT s.destination FROM s WHERE EXISTS (SELECT 1 FROM outbox_stream o WHERE o.destination = s.destination",
    );
    sql.push(" AND o.delivered_sequence < o.next_sequence - 1 AND o.parked_reason IS NULL AND o.ready_time <= ");
    sql.bind(Micros::from(now)).push(")");
    let rows = db.query_all_raw(sql.statement()).await?;
    let named = rows.iter().map(|row| row.try_get::<String>("", "destination"));
    named.map(|name| name?.parse().map_err(|bad| DbErr::Type(format!("{bad}")))).collect()
}

/// Ends every lease: for the one process that works on an SQLite database, whose leases at its start are those of a
/// process that died. Answers how many there were.
pub(super) async fn end_all(tx: &Tx) -> Result<u64, DbErr> {
    let mut sql = Sql::new(tx.get_database_backend());
    sql.push("UPDATE outbox_stream SET lease_token = NULL, ready_time = 0 WHERE lease_token IS NOT NULL");
    Ok(tx.execute_raw(sql.statement()).await?.rows_affected())
}

/// Leases streams for `destination` that have undelivered events and are neither leased nor backing off.
pub(super) async fn lease(
    tx: &Tx,
    destination: Service,
    token: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Leased>, DbErr> {
    let mut sql = Sql::new(tx.get_database_backend());
    sql.push("WITH due AS MATERIALIZED (SELECT ").push(KEY).push(" FROM outbox_stream WHERE destination = ");
    sql.bind(destination.as_str()).push(" AND delivered_sequence < next_sequence - 1 AND parked_reason IS NULL");
    sql.push(" AND ready_time <= ").bind(Micros::from(now)).push(" ORDER BY ready_time LIMIT ");
    sql.bind(MOST_STREAMS.cast_signed()).for_update_skip_locked();
    sql.push(") UPDATE outbox_stream SET lease_token = ").bind(token).push(", ready_time = ").bind(Micros::from(until));
    sql.push(" WHERE (").push(KEY).push(") IN (SELECT ").push(KEY).push(" FROM due) RETURNING ").push(KEY);
    sql.push(", delivered_sequence, attempts");
    let mut streams = BTreeMap::new();
    for row in tx.query_all_raw(sql.statement()).await? {
        let stream = OutboxKey::read(&row)?;
        let delivered = row.try_get::<i64>("", "delivered_sequence")?.unsigned_abs();
        let attempts = u32::try_from(row.try_get::<i64>("", "attempts")?).unwrap_or(u32::MAX);
        let (events, unreadable) = (Vec::new(), None);
        streams.insert(stream.clone(), Leased { stream, delivered, attempts, events, unreadable });
    }
    load_events(tx, &mut streams).await?;
    Ok(streams.into_values().collect())
}

/// Reads the streams' next events, as many as a delivery carries.
async fn load_events(tx: &Tx, streams: &mut BTreeMap<OutboxKey, Leased>) -> Result<(), DbErr> {
    let mut keys = Table::new(OutboxKey::columns());
    streams.keys().for_each(|stream| keys.push(stream.values()));
    let (mut room, mut count) = (MOST_BYTES, 0);
    for piece in keys.pieces() {
        let mut sql = Sql::with(tx.get_database_backend(), piece)?;
        sql.push("SELECT ").push(KEY).push(", payload FROM outbox_event WHERE (").push(KEY).push(") IN (SELECT ");
        sql.push(ROW_KEY)
            .push(" FROM s) ORDER BY ")
            .push(KEY)
            .push(", sequence LIMIT ")
            .bind(MOST_EVENTS.cast_signed());
        for row in tx.query_all_raw(sql.statement()).await? {
            let payload: Vec<u8> = row.try_get("", "payload")?;
            count += 1;
            if count == MOST_EVENTS || (room < MOST_BYTES && payload.len() > room) {
                return Ok(());
            }
            room = room.saturating_sub(payload.len());
            if let Some(leased) = streams.get_mut(&OutboxKey::read(&row)?) {
                take(leased, &payload);
            }
        }
    }
    // All there is was read, so every stream must have got something.
    for leased in streams.values_mut().filter(|leased| leased.events.is_empty()) {
        leased.unreadable.get_or_insert_with(|| format!("event {} is missing", leased.delivered + 1));
    }
    Ok(())
}

fn take(leased: &mut Leased, payload: &[u8]) {
    if leased.unreadable.is_some() {
        return;
    }
    let next = leased.last() + 1;
    match Event::decode(payload) {
        Ok(event) if event.sequence == next => leased.events.push(event),
        Ok(_) => leased.unreadable = Some(format!("event {next} is missing")),
        Err(error) => leased.unreadable = Some(format!("event {next} cannot be read back: {error}")),
    }
}
