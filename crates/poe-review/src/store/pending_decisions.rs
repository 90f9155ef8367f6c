//! The table `pending_decision`: approvals, and arbitrations between competing claims, that wait
//! for the registry. A row is inserted and deleted in the transaction that changes the state of its
//! case or arbitration.
//!
//! A lease (a time-limited right of one process) determines which process completes a decision. If
//! two processes complete the same decision, the result is the same. The lease only avoids
//! duplicate work.
use super::entity::pending_decision::{ActiveModel, Column, Entity};
use cpor_bulk_rows::{LATEST_TIME, decode_row, storable_time};
use cpor_database::Db;
use cpor_durable::{
    Aggregate, AggregateKey, Change, StoreError, Tx,
    ids::{self, TenantId},
    rows,
};
use cpor_types::{Clock, DecisionId, Entropy, Timestamp};
use sea_orm::{
    ActiveEnum as _, ColumnTrait, ConnectionTrait as _, DbErr, EntityTrait, Iterable as _, PaginatorTrait, QueryFilter,
    QueryResult, QuerySelect, QueryTrait, Set,
    sea_query::{Expr, ExprTrait as _, LockBehavior, LockType, Query},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::{sync::watch, time::Instant};

pub(crate) use super::entity::decision_kind::DecisionKind;

/// The maximum exponent of the back-off, so that the factor cannot overflow.
const MAX_DOUBLINGS: u32 = 16;

/// Determines when a pending decision is tried again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    /// How long a lease lasts. After it, another process may take over a decision that is not
    /// complete.
    pub lease: Duration,
    /// The longest random delay after the first failure. The longest delay doubles with each
    /// further failure, up to the duration of the lease.
    pub initial_delay: Duration,
}

impl RetryPolicy {
    /// Returns the maximum delay before the next attempt, after this number of earlier failures.
    fn max_delay(self, failed_attempts: u32) -> Duration {
        let doublings = std::cmp::min(failed_attempts, MAX_DOUBLINGS);
        std::cmp::min(self.initial_delay.saturating_mul(1 << doublings), self.lease)
    }
}

/// An approval or arbitration that waits for the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PendingDecision {
    /// The storage key of the case or of the arbitration. It begins with the tenant.
    pub key: AggregateKey,
    /// Whether this is an approval or an arbitration.
    pub kind: DecisionKind,
    /// The decision id in the request to the registry.
    pub decision_id: DecisionId,
    /// The number of attempts that have failed so far.
    pub failed_attempts: u32,
}

/// Gives access to the pending decisions, for the processes that complete them.
#[derive(Clone)]
pub(crate) struct PendingDecisions {
    /// The database of the service.
    pub db: Db,
    /// The clock of real time, for leases and delays.
    pub clock: Arc<dyn Clock>,
    /// The source of random delays.
    pub entropy: Arc<dyn Entropy>,
    /// The lease and the delays.
    pub retry_policy: RetryPolicy,
    /// The times at which the decisions that this process postponed are due.
    pub retry_times: RetryTimes,
}

/// The times at which the decisions that a process postponed are due. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct RetryTimes(Arc<watch::Sender<BTreeSet<Instant>>>);

impl RetryTimes {
    fn add(&self, time: Instant) {
        self.0.send_modify(|times| {
            times.insert(time);
        });
    }

    /// Waits until the first of the times has passed, and removes all that have. Waits for ever if
    /// there is none.
    pub(crate) async fn wait_for_next(&self) {
        let mut times = self.0.subscribe();
        loop {
            let first = times.borrow_and_update().first().copied();
            let passed = async {
                match first {
                    Some(first) => tokio::time::sleep_until(first).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = passed => break,
                // The sender is part of `self`. A new time may be the first.
                Ok(()) = times.changed() => {}
            }
        }
        self.0.send_modify(|times| times.retain(|time| *time > Instant::now()));
    }
}

impl PendingDecisions {
    /// Leases the decisions whose lease or delay has expired, and returns them.
    pub(crate) async fn lease_due(&self) -> Result<Vec<PendingDecision>, StoreError> {
        self.lease_until(self.clock.now()).await
    }

    /// Leases all pending decisions, also those with a valid lease or a delay, and returns them. A
    /// process does this when it starts, because the process that held the leases may have crashed.
    /// If that process is still working, two processes complete the same decision, with the same
    /// result.
    pub(crate) async fn lease_all(&self) -> Result<Vec<PendingDecision>, StoreError> {
        self.lease_until(LATEST_TIME).await
    }

    /// Leases the decisions whose lease or delay expires at `latest_expiry` or before, with one
    /// statement.
    async fn lease_until(&self, latest_expiry: Timestamp) -> Result<Vec<PendingDecision>, StoreError> {
        let lease_end = storable_time(self.clock.now() + self.retry_policy.lease);
        // Rows that another transaction has locked are skipped. Waiting for them could end in a
        // deadlock.
        let due = Entity::find()
            .select_only()
            .columns([Column::Owner, Column::Id])
            .filter(Column::ResumeTime.lte(latest_expiry))
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let key = Expr::tuple([Expr::col(Column::Owner), Expr::col(Column::Id)]);
        let mut lease = Entity::update_many()
            .col_expr(Column::ResumeTime, Expr::value(lease_end))
            .filter(key.in_subquery(due.into_query()))
            .into_query();
        // `exec_with_returning` would not tell which row cannot be decoded.
        lease.returning(Query::returning().columns(Column::iter()));
        self.db.writer().query_all(&lease).await?.iter().map(from_row).collect()
    }

    /// Returns `result` unchanged. If it is an error, the decision is postponed first.
    pub(crate) async fn postpone_on_failure<T, E>(
        &self,
        result: Result<T, E>,
        pending: &PendingDecision,
    ) -> Result<T, E> {
        if result.is_err()
            && let Err(error) = self.postpone(pending).await
        {
            // The lease stays in force, so the decision is retried when it expires.
            tracing::warn!(%error, kind = pending.kind.to_value(), "could not postpone the pending decision");
        }
        result
    }

    /// Delays the next attempt by a random part of [`RetryPolicy::max_delay`].
    async fn postpone(&self, pending: &PendingDecision) -> Result<(), DbErr> {
        let PendingDecision { key, kind: _, decision_id, failed_attempts } = pending;
        let delay = self.retry_policy.max_delay(*failed_attempts).mul_f64(self.entropy.fraction());
        Entity::update_many()
            .col_expr(Column::ResumeTime, Expr::value(storable_time(self.clock.now() + delay)))
            .col_expr(Column::Attempts, Expr::value(i64::from(failed_attempts.saturating_add(1))))
            .filter(Column::Owner.eq(TenantId::from(key.owner.as_str())))
            .filter(Column::Id.eq(key.id))
            .filter(Column::DecisionId.eq(ids::DecisionId::from(*decision_id)))
            .exec(self.db.writer())
            .await?;
        self.retry_times.add(Instant::now() + delay);
        Ok(())
    }

    pub(crate) async fn count(&self) -> Result<u64, DbErr> {
        Entity::find().count(self.db.reader()).await
    }
}

/// Reads a pending decision from its row.
///
/// # Errors
/// Returns an error if the row cannot be decoded, for example because its kind is unknown.
fn from_row(row: &QueryResult) -> Result<PendingDecision, StoreError> {
    let row = decode_row::<Entity>(row)?;
    Ok(PendingDecision {
        key: AggregateKey::new(row.owner, row.id),
        kind: row.kind,
        decision_id: row.decision_id.into(),
        failed_attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
    })
}

/// Inserts and deletes rows after these changes of aggregates. `pending_decision` returns the id of
/// the decision that is pending in an aggregate. A new row is leased until `lease_end`.
pub(super) async fn save_for_changes<A: Aggregate>(
    tx: &Tx,
    changes: &[Change<A>],
    kind: DecisionKind,
    pending_decision: impl Fn(&A) -> Option<DecisionId>,
    lease_end: Timestamp,
) -> Result<(), DbErr> {
    let (mut completed_rows, mut new_rows) = (Vec::new(), Vec::new());
    let row = |key: &AggregateKey, decision: DecisionId| ActiveModel {
        owner: Set(key.owner.clone().into()),
        id: Set(key.id),
        kind: Set(kind),
        decision_id: Set(decision.into()),
        resume_time: Set(lease_end),
        attempts: Set(0),
    };
    for Change { key, before, after, .. } in changes {
        let before = before.as_ref().and_then(|before| pending_decision(&before.state));
        let after = pending_decision(&after.state);
        if before != after {
            completed_rows.extend(before.map(|decision| row(key, decision)));
            new_rows.extend(after.map(|decision| row(key, decision)));
        }
    }
    rows::delete::<Entity>(tx, completed_rows).await?;
    rows::insert::<Entity>(tx, new_rows).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn retry_times_are_waited_for_in_order() {
        let (times, start) = (RetryTimes::default(), Instant::now());
        let (first, second) = (Duration::from_secs(1), Duration::from_secs(3));
        times.add(start + second);
        tokio::join!(times.wait_for_next(), async { times.add(start + first) });
        assert_eq!(start.elapsed(), first, "a time that was added later is earlier");
        times.wait_for_next().await;
        assert_eq!(start.elapsed(), second);
    }
}
