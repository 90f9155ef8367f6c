//! What became of a delivery, stream by stream.
use cpor_proto::events::v1::{StreamResult, stream_result::Failure};
use cpor_types::Timestamp;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::{
    lease::Leased,
    stream::{KEY, OutboxKey, ROW_KEY},
};
use crate::{
    Tx,
    rows::{Column, Kind, Micros, Sql, Table, stored},
};

/// Where a stream stands after a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// What was sent has taken effect.
    Delivered,
    /// Not all of it: again later.
    Failed(String),
    /// Not all of it, and sending it again is of no use.
    Parked(String),
}

/// One stream's outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) stream: OutboxKey,
    pub(super) from: u64,
    pub(super) through: u64,
    pub(super) attempts: u32,
    pub(super) verdict: Verdict,
}

impl Settled {
    /// Nothing of it was delivered.
    pub(super) fn not(leased: &Leased, verdict: Verdict) -> Self {
        Self::through(leased, leased.delivered, verdict)
    }

    fn through(leased: &Leased, through: u64, verdict: Verdict) -> Self {
        let attempts = match verdict {
            Verdict::Delivered => 0,
            // What failed after some success has failed once.
            Verdict::Failed(_) | Verdict::Parked(_) if through > leased.delivered => 1,
            Verdict::Failed(_) | Verdict::Parked(_) => leased.attempts.saturating_add(1),
        };
        Self { stream: leased.stream.clone(), from: leased.delivered, through, attempts, verdict }
    }

    /// What the receiver's answer means. A receiver may be ahead of what it was sent (we were restored from a backup)
    /// or behind what it had acknowledged (it was): then what it needs is gone, and somebody has to look.
    pub(super) fn by(leased: &Leased, result: StreamResult) -> Self {
        let StreamResult { applied_sequence: applied, failure } = result;
        let through = applied.clamp(leased.delivered, leased.last());
        let behind = applied < leased.delivered;
        let verdict = match failure {
            Some(Failure::Parked(why)) => Verdict::Parked(why),
            _ if behind => Verdict::Parked(format!("the receiver expects event {}, which is gone", applied + 1)),
            Some(Failure::Retry(why)) => Verdict::Failed(why),
            None if applied < leased.last() => Verdict::Failed(format!("applied through {applied} only")),
            None => match &leased.unreadable {
                Some(why) => Verdict::Parked(why.clone()),
                None => Verdict::Delivered,
            },
        };
        Self::through(leased, through, verdict)
    }
}

/// Writes the outcomes of streams that are still ours and forgets what was delivered. A failed stream rests until
/// `retry` says. Answers how many events were delivered.
pub(super) async fn settle(
    tx: &Tx,
    token: Uuid,
    outcomes: &[Settled],
    retry: impl Fn(u32) -> Timestamp,
) -> Result<u64, DbErr> {
    let mut columns = OutboxKey::columns();
    columns.extend([
        Column::new("through", Kind::Int),
        Column::new("tried", Kind::Int),
        Column::new("ready", Kind::Int),
        Column::nullable("parked", Kind::Text),
        Column::nullable("error", Kind::Text),
    ]);
    let mut table = Table::new(columns);
    for Settled { stream, through, attempts, verdict, .. } in outcomes {
        let (ready, parked, error) = match verdict {
            Verdict::Delivered => (Micros(0), None, None),
            Verdict::Failed(why) => (Micros::from(retry(*attempts)), None, Some(why.clone())),
            Verdict::Parked(why) => (Micros(0), Some(why.clone()), Some(why.clone())),
        };
        table.push(stream.values().into_iter().chain([
            stored(*through)?.into(),
            i64::from(*attempts).into(),
            ready.into(),
            parked.into(),
            error.into(),
        ]));
    }
    let mut ours = std::collections::HashSet::new();
    for piece in table.pieces() {
        let mut sql = Sql::with(tx.get_database_backend(), piece)?;
        sql.push("UPDATE outbox_stream SET delivered_sequence = s.through, attempts = s.tried, ready_time = s.ready, ");
        sql.push("parked_reason = s.parked, last_error = s.error, lease_token = NULL, ");
        // The CASE is by the row itself: the subquery does not see what another transaction has just added.
        sql.push(
            "oldest_time = CASE WHEN outbox_stream.next_sequence - 1 > s.through THEN COALESCE((SELECT e.create_time ",
        );
        sql.push("FROM outbox_event e WHERE (e.owner, e.aggregate, e.id, e.destination) = (").push(ROW_KEY);
        sql.push(") AND e.sequence = s.through + 1), outbox_stream.oldest_time) END FROM s WHERE ");
        sql.push("(outbox_stream.owner, outbox_stream.aggregate, outbox_stream.id, outbox_stream.destination) = (");
        sql.push(ROW_KEY).push(") AND outbox_stream.lease_token = ").bind(token);
        sql.push(
            " RETURNING outbox_stream.owner, outbox_stream.aggregate, outbox_stream.id, outbox_stream.destination",
        );
        for row in tx.query_all_raw(sql.statement()).await? {
            ours.insert(OutboxKey::read(&row)?);
        }
    }
    forget(tx, outcomes.iter().filter(|outcome| ours.contains(&outcome.stream))).await
}

async fn forget(tx: &Tx, outcomes: impl Iterator<Item = &Settled>) -> Result<u64, DbErr> {
    let mut columns = OutboxKey::columns();
    columns.push(Column::new("sequence", Kind::Int));
    let mut table = Table::new(columns);
    for Settled { stream, from, through, .. } in outcomes {
        for sequence in *from + 1..=*through {
            table.push(stream.values().into_iter().chain([stored(sequence)?.into()]));
        }
    }
    let mut forgotten = 0;
    for piece in table.pieces() {
        let mut sql = Sql::with(tx.get_database_backend(), piece)?;
        sql.push("DELETE FROM outbox_event WHERE (").push(KEY).push(", sequence) IN (SELECT ").push(ROW_KEY);
        sql.push(", s.sequence FROM s)");
        forgotten += tx.execute_raw(sql.statement()).await?.rows_affected();
    }
    Ok(forgotten)
}
