//! The deadline runner: applies deadlines that have passed, if no command has applied them before.
//! An *aggregate* is a unit that is loaded, decided and saved as a whole, such as a claim.
//!
//! The runner only tells the writer (the task that decides and commits commands) which aggregates
//! have a due deadline. The writer reads the clock, and the aggregate decides. A late runner or a
//! second runner does no harm, because late processing never changes an outcome (R47).
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use cpor_types::Timestamp;
use futures_util::future::join_all;
use sea_orm::DbErr;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    context::HostContext,
    deadline::index::{PendingDeadline, list_earliest},
    registrations::Registrations,
};

/// The number of deadlines that are passed to the writers together. Together they can share
/// transactions.
const BATCH_SIZE: usize = 512;

/// The longest pause between two searches. Only a search finds deadlines that other processes have
/// stored, which matters only if such a process ends before they are due.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// The longest pause while a deadline waits for its next attempt, or on a virtual clock, which
/// other processes move.
const SHORT_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The base of the delay before a deadline that could not be applied is tried again. It is doubled
/// for every earlier attempt.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);

/// The longest delay before a deadline that could not be applied is tried again.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(60);

/// Applies the deadlines of one service when they are due. Any number of runners may work on one
/// database.
#[derive(Clone)]
pub struct DeadlineRunner {
    context: Arc<HostContext>,
    registrations: Arc<Registrations>,
}

impl std::fmt::Debug for DeadlineRunner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeadlineRunner").field("service", &self.context.service).finish_non_exhaustive()
    }
}

/// The deadlines that the runner tried to apply and that are still due, with the number of attempts
/// and the time of the next one. They must not delay other deadlines.
#[derive(Default)]
struct StuckDeadlines(HashMap<PendingDeadline, (u32, Instant)>);

impl StuckDeadlines {
    fn waits_for_retry(&self, deadline: &PendingDeadline) -> bool {
        self.0.get(deadline).is_some_and(|(_, retry_time)| *retry_time > Instant::now())
    }

    /// Removes the deadlines that are no longer pending.
    fn retain_pending(&mut self, pending: &[PendingDeadline]) {
        if !self.0.is_empty() {
            let pending: HashSet<&PendingDeadline> = pending.iter().collect();
            self.0.retain(|stuck, _| pending.contains(stuck));
        }
    }

    /// Records attempts. The first attempt causes no delay: another runner may have applied the
    /// deadline after this one had listed it.
    fn record_attempts(&mut self, deadlines: Vec<PendingDeadline>) {
        for deadline in deadlines {
            let (attempts, retry_time) = self.0.entry(deadline).or_insert((0, Instant::now()));
            if *attempts > 0 {
                let delay = FIRST_RETRY_DELAY.saturating_mul(2_u32.saturating_pow(*attempts));
                *retry_time = Instant::now() + delay.min(MAX_RETRY_DELAY);
            }
            *attempts += 1;
        }
    }
}

impl DeadlineRunner {
    pub(crate) fn new(context: Arc<HostContext>, registrations: Arc<Registrations>) -> Self {
        Self { context, registrations }
    }

    /// Applies deadlines when they are due, until `stop` is cancelled.
    ///
    /// # Errors
    /// Returns an error if the database fails. The caller may then call this again.
    pub(crate) async fn run(&self, stop: CancellationToken) -> Result<(), DbErr> {
        let mut stuck = StuckDeadlines::default();
        while !stop.is_cancelled() {
            let pending = list_earliest(self.context.db.reader(), (BATCH_SIZE + stuck.0.len()) as u64).await?;
            stuck.retain_pending(&pending);
            if pending.is_empty() {
                self.sleep(None, &stuck, &stop).await;
                continue;
            }
            let now = self.context.business_clock.now(&self.context.db).await?;
            let next_due = pending.iter().map(|deadline| deadline.due).find(|due| *due > now);
            let is_ready = |deadline: &PendingDeadline| deadline.due <= now && !stuck.waits_for_retry(deadline);
            let ready: Vec<PendingDeadline> = pending.into_iter().filter(is_ready).collect();
            if ready.is_empty() {
                self.sleep(next_due.map(|due| due - now), &stuck, &stop).await;
                continue;
            }
            self.apply(&ready, now).await;
            stuck.record_attempts(ready);
        }
        Ok(())
    }

    /// Applies every deadline that is due now and returns the number of deadlines that it tried. A
    /// deadline that cannot be applied stays due.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn apply_due_deadlines(&self) -> Result<u64, DbErr> {
        Ok(self.apply_due_and_list_remaining().await?.0)
    }

    /// Applies every deadline that is due now. Returns the number of deadlines that it tried, and
    /// those that are still due afterwards.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub(crate) async fn apply_due_and_list_remaining(&self) -> Result<(u64, Vec<PendingDeadline>), DbErr> {
        let mut tried = HashSet::new();
        loop {
            // Uses the pool of writers, because a connection of the pool of readers may not yet see
            // the last commit.
            let mut pending = list_earliest(self.context.db.writer(), (BATCH_SIZE + tried.len()) as u64).await?;
            if pending.is_empty() {
                return Ok((tried.len() as u64, pending));
            }
            let now = self.context.business_clock.now(&self.context.db).await?;
            pending.retain(|deadline| deadline.due <= now);
            let (still_due, ready): (Vec<_>, Vec<_>) =
                pending.into_iter().partition(|deadline| tried.contains(deadline));
            if ready.is_empty() {
                return Ok((tried.len() as u64, still_due));
            }
            self.apply(&ready, now).await;
            tried.extend(ready);
        }
    }

    /// Has the writers apply the passed deadlines of each aggregate once, all at the same time, so
    /// that they share transactions.
    async fn apply(&self, due: &[PendingDeadline], now: Timestamp) {
        let (mut seen, mut commands) = (HashSet::new(), Vec::new());
        for PendingDeadline { aggregate, key, due } in due {
            self.context.metrics.observe_lateness(aggregate, (now - *due).to_std().unwrap_or_default());
            match self.registrations.writer(aggregate) {
                Some(writer) if seen.insert((aggregate, key)) => {
                    commands.push(writer.apply_passed_deadlines(key.clone()));
                }
                Some(_) => {}
                None => tracing::error!(aggregate, "no writer is registered for the aggregate of a deadline"),
            }
        }
        join_all(commands).await;
    }

    /// Waits until the next deadline is due, the next search or retry is necessary, or the runner
    /// is notified or stopped.
    async fn sleep(&self, next_due_in: Option<chrono::TimeDelta>, stuck: &StuckDeadlines, stop: &CancellationToken) {
        let is_virtual = self.context.business_clock.is_virtual();
        let longest = if is_virtual || !stuck.0.is_empty() { SHORT_POLL_INTERVAL } else { POLL_INTERVAL };
        // If the business clock is virtual, the time until the next due time is unknown.
        let next_due_in = next_due_in.filter(|_| !is_virtual);
        let next_due_in = next_due_in.and_then(|delay| delay.to_std().ok());
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.context.notifications.deadline_runner().notified() => {}
            () = tokio::time::sleep(next_due_in.map_or(longest, |delay| delay.min(longest))) => {}
        }
    }
}
