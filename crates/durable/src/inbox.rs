//! How far every incoming stream has been applied.
use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::{
    Position, ReceiveError, StreamKey, Tx,
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
pub(crate) async fn lock(tx: &Tx, streams: Vec<&StreamKey>) -> Result<HashMap<StreamKey, u64>, DbErr> {
    select(tx, streams, true).await
}

async fn select(
    db: &impl ConnectionTrait,
    streams: Vec<&StreamKey>,
    locked: bool,
) -> Result<HashMap<StreamKey, u64>, DbErr> {
    let mut last = HashMap::new();
    for piece in table(streams.into_iter().map(|stream| (stream, Advance { from: 0, to: 0 })))?.pieces() {
        let mut sql = Sql::with(db.get_database_backend(), piece)?;
        sql.push("SELECT owner, id, source, aggregate, last_sequence FROM inbox WHERE (owner, id, source, aggregate) ");
        sql.push("IN (SELECT s.owner, s.id, s.source, s.aggregate FROM s) ORDER BY owner, id, source, aggregate");
        if locked {
            sql.for_update();
        }
        for row in db.query_all_raw(sql.statement()).await? {
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

async fn write(tx: &Tx, streams: Vec<&(StreamKey, Advance)>, on_conflict: &str) -> Result<Vec<StreamKey>, DbErr> {
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

/// The inbox by itself, for receivers that apply one event by several commands, each of them idempotent.
#[derive(Clone, Debug)]
pub struct Inbox {
    db: cpor_kit::Db,
}

impl Inbox {
    pub(crate) fn new(db: cpor_kit::Db) -> Self {
        Self { db }
    }

    /// Notes that everything up to this event has taken effect; call it last. Doing so again changes nothing.
    ///
    /// # Errors
    /// [`ReceiveError::Gap`] when events before it are missing; [`ReceiveError::Retry`] when the database fails.
    pub async fn advance(&self, position: &Position) -> Result<(), ReceiveError> {
        let unavailable = |error: DbErr| {
            tracing::error!(%error, "the inbox could not be advanced");
            ReceiveError::Retry("unavailable".to_owned())
        };
        let tx = self.db.begin().await.map_err(unavailable)?;
        let last = lock(&tx, vec![&position.stream]).await.map_err(unavailable)?;
        let from = last.get(&position.stream).copied().unwrap_or_default();
        if position.sequence <= from {
            return tx.rollback().await.map_err(unavailable);
        }
        if position.sequence > from + 1 {
            return Err(ReceiveError::Gap { expected: from + 1 });
        }
        let moved = [(position.stream.clone(), Advance { from, to: position.sequence })];
        match advance(&tx, &moved).await.map_err(unavailable)?.as_slice() {
            [] => tx.commit().await.map_err(unavailable),
            [..] => Err(ReceiveError::Retry("delivered twice at once".to_owned())),
        }
    }

    /// Whether this event has taken effect before, so that its commands need not be repeated.
    ///
    /// # Errors
    /// As [`Inbox::advance`].
    pub async fn check(&self, position: &Position) -> Result<bool, ReceiveError> {
        let unavailable = |error: DbErr| {
            tracing::error!(%error, "the inbox could not be read");
            ReceiveError::Retry("unavailable".to_owned())
        };
        let last = select(self.db.reader(), vec![&position.stream], false).await.map_err(unavailable)?;
        let expected = 1 + last.get(&position.stream).copied().unwrap_or_default();
        match position.sequence {
            sequence if sequence > expected => Err(ReceiveError::Gap { expected }),
            sequence => Ok(sequence < expected),
        }
    }
}
