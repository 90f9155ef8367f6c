//! The writer's side of the outbox: events get their place in their stream under the aggregate's lock, so that
//! sequences have no gaps and follow the order of commits.
use std::collections::{BTreeMap, BTreeSet};

use cpor_proto::events::v1 as wire;
use cpor_types::{Service, Timestamp};
use prost::Message as _;
use sea_orm::{ConnectionTrait, DbErr};

use super::stream::{KEY, OutboxKey};
use crate::{
    Key, Tx,
    rows::{Column, Kind, Micros, Sql, Table, stored},
    writer::Posted,
};

/// Appends events of aggregates of one kind. Answers who receives any.
pub(crate) async fn append(
    tx: &Tx,
    aggregate: &'static str,
    posted: Vec<(Key, Vec<Posted>)>,
    now: Timestamp,
) -> Result<BTreeSet<Service>, DbErr> {
    let mut streams = BTreeMap::<OutboxKey, Vec<Posted>>::new();
    for (key, events) in posted {
        for event in events {
            let destination = event.outgoing.destination;
            let stream = OutboxKey { key: key.clone(), aggregate: aggregate.to_owned(), destination };
            streams.entry(stream).or_default().push(event);
        }
    }
    let next = allocate(tx, &streams, now).await?;
    let mut columns = OutboxKey::columns();
    columns.extend([
        Column::new("sequence", Kind::Int),
        Column::new("payload", Kind::Bytes),
        Column::new("create_time", Kind::Int),
    ]);
    let mut table = Table::new(columns);
    let destinations = streams.keys().map(|stream| stream.destination).collect();
    for (stream, events) in streams {
        let next =
            next.get(&stream).copied().ok_or_else(|| DbErr::RecordNotFound(format!("outbox_stream {stream}")))?;
        let first = next - events.len() as u64;
        for (sequence, event) in (first..).zip(events) {
            let payload = encode(sequence, event);
            table.push(stream.values().into_iter().chain([
                stored(sequence)?.into(),
                payload.into(),
                Micros::from(now).into(),
            ]));
        }
    }
    for piece in table.pieces() {
        let mut sql = Sql::with(tx.get_database_backend(), piece)?;
        sql.push("INSERT INTO outbox_event (").push(KEY).push(", sequence, payload, create_time) SELECT ").push(KEY);
        sql.push(", sequence, payload, create_time FROM s WHERE TRUE");
        tx.execute_raw(sql.statement()).await?;
    }
    Ok(destinations)
}

/// Makes room in the streams. Answers each one's next sequence after that.
async fn allocate(
    tx: &Tx,
    streams: &BTreeMap<OutboxKey, Vec<Posted>>,
    now: Timestamp,
) -> Result<BTreeMap<OutboxKey, u64>, DbErr> {
    let mut columns = OutboxKey::columns();
    columns.extend([Column::new("next_sequence", Kind::Int), Column::new("oldest_time", Kind::Int)]);
    let mut table = Table::new(columns);
    for (stream, events) in streams {
        let after = stored(1 + events.len() as u64)?;
        table.push(stream.values().into_iter().chain([after.into(), Micros::from(now).into()]));
    }
    let mut next = BTreeMap::new();
    for piece in table.pieces() {
        let mut sql = Sql::with(tx.get_database_backend(), piece)?;
        sql.push("INSERT INTO outbox_stream (").push(KEY);
        sql.push(", next_sequence, oldest_time, delivered_sequence, ready_time, attempts) SELECT ").push(KEY);
        sql.push(", next_sequence, oldest_time, 0, 0, 0 FROM s WHERE TRUE ON CONFLICT (").push(KEY);
        sql.push(") DO UPDATE SET next_sequence = outbox_stream.next_sequence + excluded.next_sequence - 1, ");
        sql.push("oldest_time = COALESCE(outbox_stream.oldest_time, excluded.oldest_time) RETURNING ");
        sql.push(KEY).push(", next_sequence");
        for row in tx.query_all_raw(sql.statement()).await? {
            next.insert(OutboxKey::read(&row)?, row.try_get::<i64>("", "next_sequence")?.unsigned_abs());
        }
    }
    Ok(next)
}

fn encode(sequence: u64, Posted { outgoing, traceparent }: Posted) -> Vec<u8> {
    let event = wire::Event {
        sequence,
        effective_time: Some(crate::wire::timestamp(outgoing.effective_time)),
        actor: Some(crate::wire::actor(&outgoing.actor)),
        traceparent,
        payload: Some(outgoing.payload),
    };
    event.encode_to_vec()
}
