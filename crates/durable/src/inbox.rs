//! How far every incoming stream has been applied.
use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::{
    Key, Position, StreamKey, Tx,
    rows::{Column, Kind, Sql, Table, stored},
    writer::Advance,
};

fn table<'a>(streams: impl Iterator<Item = (&'a StreamKey, Advance)>) -> Result<Table, DbErr> {
    let mut table = Table::new(vec![
        Column::new("owner", Kind::Text),
        Column::new("id", Kind::Uuid),
        Column::new("source", Kind::Text),
        Column::new("aggregate", Kind::Text),
        Column::new("last_sequence", Kind::Int),
    ]);
    for (stream, advance) in streams {
        table.push([
            stream.owner.clone().into(),
            stream.id.into(),
            stream.source.as_str().into(),
            stream.aggregate.clone().into(),
            stored(advance.to)?.into(),
        ]);
    }
    Ok(table)
}

fn read(row: &QueryResult) -> Result<StreamKey, DbErr> {
    let source: String = row.try_get("", "source")?;
    Ok(StreamKey {
        source: source.parse().map_err(|malformed| DbErr::Type(format!("inbox.source: {malformed}")))?,
        aggregate: row.try_get("", "aggregate")?,
        owner: row.try_get("", "owner")?,
        id: row.try_get("", "id")?,
    })
}

/// The last sequences of these streams, locked until the transaction ends; a stream that is absent has none.
pub(crate) async fn lock(
    tx: &Tx,
    positions: impl Iterator<Item = &Position>,
) -> Result<HashMap<StreamKey, u64>, DbErr> {
    let mut last = HashMap::new();
    for piece in table(positions.map(|position| (&position.stream, Advance { from: 0, to: 0 })))?.pieces() {
        let mut sql = Sql::with(tx.get_database_backend(), piece)?;
        sql.push("SELECT owner, id, source, aggregate, last_sequence FROM inbox WHERE (owner, id, source, aggregate) ");
        sql.push("IN (SELECT s.owner, s.id, s.source, s.aggregate FROM s) ORDER BY owner, id, source, aggregate");
        sql.for_update();
        for row in tx.query_all_raw(sql.statement()).await? {
            last.insert(read(&row)?, row.try_get::<i64>("", "last_sequence")?.unsigned_abs());
        }
    }
    Ok(last)
}

/// Advances the streams, which [`lock`] has locked. Answers those that somebody else has begun meanwhile.
pub(crate) async fn advance(tx: &Tx, streams: &[(StreamKey, Advance)]) -> Result<Vec<StreamKey>, DbErr> {
    let (new, known): (Vec<_>, Vec<_>) = streams.iter().partition(|(_, advance)| advance.from == 0);
    let lost = write(tx, new, "DO NOTHING").await?;
    let missing = write(tx, known, "DO UPDATE SET last_sequence = excluded.last_sequence").await?;
    Ok([lost, missing].concat())
}

async fn write(
    tx: &Tx,
    streams: Vec<&(StreamKey, Advance)>,
    on_conflict: &str,
) -> Result<Vec<StreamKey>, DbErr> {
    let mut written = std::collections::HashSet::new();
    for piece in table(streams.iter().map(|(stream, advance)| (stream, *advance)))?.pieces() {
        let mut sql = Sql::with(tx.get_database_backend(), piece)?;
        sql.push("INSERT INTO inbox (owner, id, source, aggregate, last_sequence) ");
        sql.push("SELECT owner, id, source, aggregate, last_sequence FROM s WHERE TRUE ");
        sql.push("ON CONFLICT (owner, id, source, aggregate) ").push(on_conflict);
        sql.push(" RETURNING owner, id, source, aggregate");
        for row in tx.query_all_raw(sql.statement()).await? {
            written.insert(read(&row)?);
        }
    }
    Ok(streams.into_iter().map(|(stream, _)| stream).filter(|stream| !written.contains(stream)).cloned().collect())
}
