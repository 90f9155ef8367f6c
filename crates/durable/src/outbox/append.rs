//! Adds events to the outbox. The events of one aggregate (such as a claim) for one service form a
//! stream and are numbered in it (their sequence). The numbers are allocated while the aggregate is
//! locked, so they have no gaps and follow the order of commits.
use std::collections::{BTreeMap, BTreeSet};

use cpor_bulk_rows::{InputRows, Sql, insert, to_bigint};
use cpor_proto::events::v1 as wire;
use cpor_proto::wire_time::to_wire_time;
use cpor_types::{Service, Timestamp};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr};

use super::stream::{KEY_COLUMNS, OutboxStreamKey};
use crate::{
    AggregateKey, OutgoingEvent, Tx,
    entity::{outbox_event, outbox_stream},
};

/// An event for another service, with its trace context.
#[derive(Clone, Debug)]
pub(crate) struct TracedEvent {
    pub(crate) outgoing: OutgoingEvent,
    /// The W3C trace context of the command that caused the event.
    pub(crate) traceparent: String,
}

/// Appends the events of aggregates of one kind to their streams. Returns the services that receive
/// any of them.
pub(crate) async fn append(
    tx: &Tx,
    aggregate: &'static str,
    events_by_key: Vec<(AggregateKey, Vec<TracedEvent>)>,
    now: Timestamp,
) -> Result<BTreeSet<Service>, DbErr> {
    let mut streams = BTreeMap::<OutboxStreamKey, Vec<TracedEvent>>::new();
    for (key, events) in events_by_key {
        for event in events {
            let destination = event.outgoing.destination;
            let stream = OutboxStreamKey { key: key.clone(), aggregate: aggregate.to_owned(), destination };
            streams.entry(stream).or_default().push(event);
        }
    }
    let next_sequences = allocate_sequences(tx, &streams, now).await?;
    let destinations = streams.keys().map(|stream| stream.destination).collect();
    let mut rows = Vec::new();
    for (stream, events) in streams {
        let next_sequence = next_sequences
            .get(&stream)
            .copied()
            .ok_or_else(|| DbErr::RecordNotFound(format!("outbox_stream {stream}")))?;
        let first_sequence = next_sequence - events.len() as u64;
        for (sequence, event) in (first_sequence..).zip(events) {
            let (owner, aggregate, id, destination) = stream.primary_key();
            rows.push(outbox_event::ActiveModel {
                owner: Set(owner),
                aggregate: Set(aggregate),
                id: Set(id),
                destination: Set(destination),
                sequence: Set(to_bigint(sequence)?),
                payload: Set(encode(sequence, event)),
                create_time: Set(now),
            });
        }
    }
    insert::<outbox_event::Entity>(tx, rows).await?;
    Ok(destinations)
}

/// Allocates a sequence for every event. Returns each stream's next sequence after the allocation.
async fn allocate_sequences(
    tx: &Tx,
    streams: &BTreeMap<OutboxStreamKey, Vec<TracedEvent>>,
    now: Timestamp,
) -> Result<BTreeMap<OutboxStreamKey, u64>, DbErr> {
    use outbox_stream::{Column, Entity};
    let other_columns = [
        Column::NextSequence,
        Column::OldestUndeliveredTime,
        Column::DeliveredSequence,
        Column::ReadyTime,
        Column::Attempts,
    ];
    let mut rows = InputRows::new(KEY_COLUMNS.into_iter().chain(other_columns))?;
    for (stream, events) in streams {
        let next_sequence = to_bigint(1 + events.len() as u64)?;
        let (none_delivered, ready_time, attempts) = (0_i64, Timestamp::UNIX_EPOCH, 0_i64);
        let values = [next_sequence.into(), now.into(), none_delivered.into(), ready_time.into(), attempts.into()];
        rows.push(stream.values().into_iter().chain(values));
    }
    let mut next_sequences = BTreeMap::new();
    for chunk in rows.chunks() {
        // If events of the stream are undelivered, `oldest_undelivered_time` stays; if all are
        // delivered, it is NULL, and the new events are the oldest.
        // `upsert` does not fit: it can neither add to the stored sequence nor return it.
        let mut sql = Sql::insert::<Entity>(tx.get_database_backend(), chunk)?;
        sql.push(" ON CONFLICT (").primary_key::<Entity>("");
        sql.push(") DO UPDATE SET next_sequence = outbox_stream.next_sequence + excluded.next_sequence - 1, ");
        sql.push("oldest_undelivered_time = COALESCE(outbox_stream.oldest_undelivered_time, ");
        sql.push("excluded.oldest_undelivered_time) RETURNING ");
        sql.primary_key::<Entity>("").push(", next_sequence");
        for row in tx.query_all_raw(sql.statement()).await? {
            next_sequences
                .insert(OutboxStreamKey::from_row(&row)?, row.try_get::<i64>("", "next_sequence")?.unsigned_abs());
        }
    }
    Ok(next_sequences)
}

fn encode(sequence: u64, TracedEvent { outgoing, traceparent }: TracedEvent) -> Vec<u8> {
    let event = wire::Event {
        sequence,
        effective_time: Some(to_wire_time(outgoing.effective_time)),
        actor: Some(crate::wire::actor_to_wire(&outgoing.actor)),
        traceparent,
        payload: Some(outgoing.payload),
    };
    event.encode_to_vec()
}
