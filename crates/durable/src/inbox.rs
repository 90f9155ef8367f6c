//! The inbox: a table with the last applied sequence of every incoming stream, so that each event
//! is applied once.
use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use crate::{
    ReceiveError, StreamKey, StreamPosition, Tx,
    rows::{Column, ColumnKind, InputRows, Sql, to_bigint},
};

/// The last applied sequence of an incoming stream, before (`from`) and after (`to`) a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamAdvance {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

fn input_rows<'a>(streams: impl Iterator<Item = (&'a StreamKey, StreamAdvance)>) -> Result<InputRows, DbErr> {
    let mut rows = InputRows::new(vec![
        Column::new("owner", ColumnKind::Text),
        Column::new("id", ColumnKind::Uuid),
        Column::new("source", ColumnKind::Text),
        Column::new("aggregate", ColumnKind::Text),
        Column::new("last_sequence", ColumnKind::Int),
    ]);
    for (stream, advance) in streams {
        rows.push([
            stream.owner.clone().into(),
            stream.id.into(),
            stream.source.as_str().into(),
            stream.aggregate.clone().into(),
            to_bigint(advance.to)?.into(),
        ]);
    }
    Ok(rows)
}

fn stream_from_row(row: &QueryResult) -> Result<StreamKey, DbErr> {
    let source: String = row.try_get("", "source")?;
    Ok(StreamKey {
        source: source.parse().map_err(|malformed| DbErr::Type(format!("inbox.source: {malformed}")))?,
        aggregate: row.try_get("", "aggregate")?,
        owner: row.try_get("", "owner")?,
        id: row.try_get("", "id")?,
    })
}

/// Loads the last applied sequences of these streams and locks their rows until the transaction
/// ends. A stream of which no event was applied is absent from the result.
pub(crate) async fn lock(tx: &Tx, streams: Vec<&StreamKey>) -> Result<HashMap<StreamKey, u64>, DbErr> {
    select(tx, streams, true).await
}

async fn select(
    db: &impl ConnectionTrait,
    streams: Vec<&StreamKey>,
    for_update: bool,
) -> Result<HashMap<StreamKey, u64>, DbErr> {
    let mut last = HashMap::new();
    for chunk in input_rows(streams.into_iter().map(|stream| (stream, StreamAdvance { from: 0, to: 0 })))?.chunks() {
        let mut sql = Sql::with_rows(db.get_database_backend(), chunk)?;
        sql.push("SELECT owner, id, source, aggregate, last_sequence FROM inbox WHERE (owner, id, source, aggregate) ");
        sql.push("IN (SELECT s.owner, s.id, s.source, s.aggregate FROM s) ORDER BY owner, id, source, aggregate");
        if for_update {
            sql.for_update();
        }
        for row in db.query_all_raw(sql.statement()).await? {
            last.insert(stream_from_row(&row)?, row.try_get::<i64>("", "last_sequence")?.unsigned_abs());
        }
    }
    Ok(last)
}

/// Stores new last sequences of streams that [`lock`] has locked. Returns the streams that another
/// process has started in the meantime, which must be decided again.
pub(crate) async fn advance(tx: &Tx, streams: &[(StreamKey, StreamAdvance)]) -> Result<Vec<StreamKey>, DbErr> {
    let (new, existing): (Vec<_>, Vec<_>) = streams.iter().partition(|(_, advance)| advance.from == 0);
    let started_elsewhere = write(tx, new, "DO NOTHING").await?;
    let not_updated = write(tx, existing, "DO UPDATE SET last_sequence = excluded.last_sequence").await?;
    Ok([started_elsewhere, not_updated].concat())
}

async fn write(tx: &Tx, streams: Vec<&(StreamKey, StreamAdvance)>, on_conflict: &str) -> Result<Vec<StreamKey>, DbErr> {
    let mut written = std::collections::HashSet::new();
    for chunk in input_rows(streams.iter().map(|(stream, advance)| (stream, *advance)))?.chunks() {
        let mut sql = Sql::with_rows(tx.get_database_backend(), chunk)?;
        sql.push("INSERT INTO inbox (owner, id, source, aggregate, last_sequence) ");
        sql.push("SELECT owner, id, source, aggregate, last_sequence FROM s WHERE TRUE ");
        sql.push("ON CONFLICT (owner, id, source, aggregate) ").push(on_conflict);
        sql.push(" RETURNING owner, id, source, aggregate");
        for row in tx.query_all_raw(sql.statement()).await? {
            written.insert(stream_from_row(&row)?);
        }
    }
    Ok(streams.into_iter().map(|(stream, _)| stream).filter(|stream| !written.contains(stream)).cloned().collect())
}

/// Direct access to the inbox, for receivers that apply one event by several idempotent commands.
#[derive(Clone, Debug)]
pub struct Inbox {
    db: cpor_kit::Db,
}

impl Inbox {
    pub(crate) fn new(db: cpor_kit::Db) -> Self {
        Self { db }
    }

    /// Records that the event at `position` has been applied. Call this after the event's last
    /// command. Recording the same event again changes nothing.
    ///
    /// # Errors
    /// [`ReceiveError::SequenceGap`] if earlier events of the stream are missing;
    /// [`ReceiveError::Retry`] if the database fails.
    pub async fn mark_applied(&self, position: &StreamPosition) -> Result<(), ReceiveError> {
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
            return Err(ReceiveError::SequenceGap { expected: from + 1 });
        }
        let advances = [(position.stream.clone(), StreamAdvance { from, to: position.sequence })];
        match advance(&tx, &advances).await.map_err(unavailable)?.as_slice() {
            [] => tx.commit().await.map_err(unavailable),
            [..] => Err(ReceiveError::Retry("the event is being applied by another process".to_owned())),
        }
    }

    /// Returns whether the event at `position` was applied before, so that its commands need not be
    /// repeated.
    ///
    /// # Errors
    /// As [`Inbox::mark_applied`].
    pub async fn is_applied(&self, position: &StreamPosition) -> Result<bool, ReceiveError> {
        let unavailable = |error: DbErr| {
            tracing::error!(%error, "the inbox could not be read");
            ReceiveError::Retry("unavailable".to_owned())
        };
        let last = select(self.db.reader(), vec![&position.stream], false).await.map_err(unavailable)?;
        let expected = 1 + last.get(&position.stream).copied().unwrap_or_default();
        match position.sequence {
            sequence if sequence > expected => Err(ReceiveError::SequenceGap { expected }),
            sequence => Ok(sequence < expected),
        }
    }
}
