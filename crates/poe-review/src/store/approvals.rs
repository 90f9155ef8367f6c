//! Approvals and arbitrations that wait for the registry: their rows follow the state of the case or arbitration, and a
//! lease in real time says whose turn it is to complete them. Two who complete one at the same time do no harm; the lease only spares the work.
use super::entity::pending_approval::{ActiveModel, Column, Entity, Model};
use cpor_durable::{Aggregate, Change, Key, Tx, rows, rows::Micros};
use cpor_kit::db::Db;
use cpor_types::{Clock, DecisionId, Entropy};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait, Set,
    sea_query::{Expr, ExprTrait as _, LockBehavior, LockType},
};
use std::{sync::Arc, time::Duration};

/// How long an approval may take before somebody else goes on with it, and how long it rests after a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From its beginning, or from the moment that somebody took it up.
    pub lease: Duration,
    /// After the first failure; doubles with each, up to the lease.
    pub retry: Duration,
}

impl Patience {
    /// The longest rest after a failure that so many went before.
    fn rest(self, attempts: u32) -> Duration {
        let doublings = std::cmp::min(attempts, 16);
        std::cmp::min(self.retry.saturating_mul(1 << doublings), self.lease)
    }
}

/// What is to be completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// The approval of a case (R23).
    Approval,
    /// An arbitration (R37).
    Arbitration,
}

impl Work {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Arbitration => "arbitration",
        }
    }
}

/// Something to complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    /// The case, or the arbitration.
    pub key: Key,
    /// Which of the two.
    pub work: Work,
    /// The decision that the registry is asked under.
    pub decision_id: DecisionId,
    /// Failed attempts so far.
    pub attempts: u32,
}

/// The table, as those who complete approvals use it.
#[derive(Clone)]
pub(crate) struct PendingApprovals {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub patience: Patience,
}

impl PendingApprovals {
    /// Takes up those whose lease ran out, for one lease. One round trip, one fsync when there are any.
    pub(crate) async fn take_due(&self) -> Result<Vec<Pending>, DbErr> {
        self.take(Micros::from(self.clock.now())).await
    }

    /// Takes up all of them: what a process does first that may follow a crashed one.
    pub(crate) async fn take_all(&self) -> Result<Vec<Pending>, DbErr> {
        self.take(Micros(i64::MAX)).await
    }

    async fn take(&self, before: Micros) -> Result<Vec<Pending>, DbErr> {
        let lease = Micros::from(self.clock.now() + self.patience.lease);
        let due = Entity::find().select_only().columns([Column::Owner, Column::Id]);
        // What somebody settles or takes at this moment is left to them; waiting for it could end in a deadlock.
        let due =
            due.filter(Column::ResumeTime.lte(before)).lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let key = Expr::tuple([Expr::col(Column::Owner), Expr::col(Column::Id)]);
        let taken = Entity::update_many()
            .col_expr(Column::ResumeTime, Expr::value(lease.0))
            .filter(key.in_subquery(due.into_query()))
            .exec_with_returning(self.db.writer())
            .await?;
        Ok(taken.into_iter().map(pending).collect())
    }

    /// `tried` again: what has failed rests, and then the resumer goes on.
    pub(crate) async fn resting<T, E>(&self, tried: Result<T, E>, pending: &Pending) -> Result<T, E> {
        if tried.is_err()
            && let Err(error) = self.postpone(pending).await
        {
            // Then its lease stands, and it goes on when that has run out.
            tracing::warn!(%error, work = pending.work.as_str(), "could not postpone");
        }
        tried
    }

    /// Lets an approval rest after a failed attempt, with full jitter. One round trip, one fsync.
    async fn postpone(&self, Pending { key, work: _, decision_id, attempts }: &Pending) -> Result<(), DbErr> {
        let rest = self.patience.rest(*attempts).mul_f64(self.entropy.fraction());
        Entity::update_many()
            .col_expr(Column::ResumeTime, Expr::value(Micros::from(self.clock.now() + rest).0))
            .col_expr(Column::Attempts, Expr::value(i64::from(attempts.saturating_add(1))))
            .filter(
                Column::Owner.eq(&key.owner).and(Column::Id.eq(key.id)).and(Column::DecisionId.eq(decision_id.uuid())),
            )
            .exec(self.db.writer())
            .await?;
        Ok(())
    }

    /// How many there are.
    pub(crate) async fn count(&self) -> Result<u64, DbErr> {
        Entity::find().count(self.db.reader()).await
    }
}

fn pending(row: Model) -> Pending {
    Pending {
        key: Key::new(row.owner, row.id),
        work: if row.work == Work::Arbitration.as_str() { Work::Arbitration } else { Work::Approval },
        decision_id: DecisionId(row.decision_id),
        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
    }
}

/// Lets the table follow these changes: what is `under_way` in a state is leased until `resume_time` when it begins.
pub(super) async fn follow<A: Aggregate>(
    tx: &Tx,
    changes: &[Change<A>],
    work: Work,
    under_way: impl Fn(&A) -> Option<DecisionId>,
    resume_time: Micros,
) -> Result<(), DbErr> {
    let (mut over, mut begun) = (Vec::new(), Vec::new());
    let row = |key: &Key, decision: DecisionId| ActiveModel {
        owner: Set(key.owner.clone()),
        id: Set(key.id),
        work: Set(work.as_str().to_owned()),
        decision_id: Set(decision.uuid()),
        resume_time: Set(resume_time),
        attempts: Set(0),
    };
    for Change { key, before, after, .. } in changes {
        let (before, after) = (before.as_ref().and_then(|before| under_way(&before.state)), under_way(&after.state));
        if before != after {
            over.extend(before.map(|decision| row(key, decision)));
            begun.extend(after.map(|decision| row(key, decision)));
        }
    }
    rows::delete::<Entity>(tx, over).await?;
    rows::insert::<Entity>(tx, begun).await
}
