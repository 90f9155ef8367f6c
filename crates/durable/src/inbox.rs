//! The inbox: a table with the last applied sequence of every incoming stream, so that each event
//! is applied once. A stream consists of the events that one aggregate (such as a claim) of another
//! service sends to this service; a sequence is the number of an event in its stream.
use std::collections::HashMap;

use cpor_bulk_rows::{insert_new, load_and_lock, to_bigint, upsert};
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait as _, Value};

use crate::{
    ReceiveError, StreamKey, StreamPosition, Tx,
    entity::inbox::{ActiveModel, Column, Entity, Model},
};

/// The last applied sequence of an incoming stream, before (`from`) and after (`to`) a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamAdvance {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// The columns of the primary key, in its order.
const KEY_COLUMNS: [Column; 4] = [Column::Owner, Column::Id, Column::Source, Column::Aggregate];

fn key_values(stream: &StreamKey) -> [Value; 4] {
    let StreamKey { source, aggregate, owner, id } = stream;
    [owner.clone().into(), (*id).into(), source.as_str().into(), aggregate.clone().into()]
}

fn to_row(stream: &StreamKey, last_sequence: u64) -> Result<ActiveModel, DbErr> {
    Ok(ActiveModel {
        owner: Set(stream.owner.clone()),
        id: Set(stream.id),
        source: Set(stream.source.as_str().to_owned()),
        aggregate: Set(stream.aggregate.clone()),
        last_sequence: Set(to_bigint(last_sequence)?),
    })
}

fn from_row(row: Model) -> Result<(StreamKey, u64), DbErr> {
    let Model { owner, id, source, aggregate, last_sequence } = row;
    let source = source.parse().map_err(|malformed| DbErr::Type(format!("inbox.source: {malformed}")))?;
    Ok((StreamKey { source, aggregate, owner, id }, last_sequence.unsigned_abs()))
}

/// Loads the last applied sequences of these streams and locks their rows until the transaction
/// ends. A stream of which no event was applied is absent from the result.
pub(crate) async fn lock(tx: &Tx, streams: Vec<&StreamKey>) -> Result<HashMap<StreamKey, u64>, DbErr> {
    let rows = load_and_lock::<Entity>(tx, &KEY_COLUMNS, streams.into_iter().map(key_values)).await?;
    rows.into_iter().map(from_row).collect()
}

/// Stores the new last sequences of streams that [`lock`] has locked. Returns the streams whose
/// first event another process has applied in the meantime; the commands on them must be decided
/// again.
pub(crate) async fn advance(tx: &Tx, streams: &[(StreamKey, StreamAdvance)]) -> Result<Vec<StreamKey>, DbErr> {
    let (new, existing): (Vec<_>, Vec<_>) = streams.iter().partition(|(_, advance)| advance.from == 0);
    let rows = |streams: &[&(StreamKey, StreamAdvance)]| {
        streams.iter().map(|(stream, advance)| to_row(stream, advance.to)).collect::<Result<Vec<_>, _>>()
    };
    let started_elsewhere = insert_new::<Entity>(tx, rows(&new)?).await?;
    upsert::<Entity>(tx, rows(&existing)?).await?;
    Ok(started_elsewhere.into_iter().filter_map(|index| new.get(index)).map(|(stream, _)| stream.clone()).collect())
}

/// Direct access to the inbox, for receivers that apply one event by several idempotent commands.
#[derive(Clone, Debug)]
pub struct Inbox {
    db: cpor_database::Db,
}

impl Inbox {
    pub(crate) fn new(db: cpor_database::Db) -> Self {
        Self { db }
    }

    /// Records that the event at `position` has been applied. Call this after the event's last
    /// command. Recording the same event again changes nothing.
    ///
    /// # Errors
    /// Returns [`ReceiveError::SequenceGap`] if earlier events of the stream are missing, and
    /// [`ReceiveError::Retry`] if the database fails.
    pub async fn mark_applied(&self, position: &StreamPosition) -> Result<(), ReceiveError> {
        let unavailable = |error: DbErr| {
            tracing::error!(%error, "the inbox could not be advanced");
            ReceiveError::Retry("the inbox is temporarily unavailable".to_owned())
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
    /// Returns the same errors as [`Inbox::mark_applied`].
    pub async fn is_applied(&self, position: &StreamPosition) -> Result<bool, ReceiveError> {
        let unavailable = |error: DbErr| {
            tracing::error!(%error, "the inbox could not be read");
            ReceiveError::Retry("the inbox is temporarily unavailable".to_owned())
        };
        let StreamKey { source, aggregate, owner, id } = position.stream.clone();
        let row = Entity::find_by_id((owner, id, source.as_str().to_owned(), aggregate)).one(self.db.reader()).await;
        let expected = 1 + row.map_err(unavailable)?.map_or(0, |row| row.last_sequence.unsigned_abs());
        match position.sequence {
            sequence if sequence > expected => Err(ReceiveError::SequenceGap { expected }),
            sequence => Ok(sequence < expected),
        }
    }
}
