//! The runner: lets deadlines pass that no command has met. It only says "look at the clock"; what happens is decided
//! by the aggregate, in the writer, so that a late or doubled runner cannot do harm (R47).
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

use super::index::{Waiting, earliest};
use crate::host::{Roster, Shared};

/// Aggregates fired together; they share transactions.
const BATCH: usize = 512;

/// The longest sleep: what other processes have armed is found after it.
const POLL: Duration = Duration::from_secs(1);

/// The longest rest of a deadline that cannot be fired.
const REST: Duration = Duration::from_secs(60);

/// Fires the deadlines of one service. Any number of runners may work on one database.
#[derive(Clone)]
pub struct Runner {
    shared: Arc<Shared>,
    roster: Arc<Roster>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("service", &self.shared.service).finish_non_exhaustive()
    }
}

/// Deadlines that were fired and are due all the same: a fault that must not keep the others waiting.
#[derive(Default)]
struct Stuck(HashMap<Waiting, (u32, Instant)>);

impl Stuck {
    fn rests(&self, waiting: &Waiting) -> bool {
        self.0.get(waiting).is_some_and(|(_, until)| *until > Instant::now())
    }

    /// Forgets what is no longer waiting.
    fn keep(&mut self, waiting: &[Waiting]) {
        if !self.0.is_empty() {
            let waiting: HashSet<&Waiting> = waiting.iter().collect();
            self.0.retain(|known, _| waiting.contains(known));
        }
    }

    /// The first time costs nothing: another runner may have been a moment ahead of our reading.
    fn fired(&mut self, fired: Vec<Waiting>) {
        for waiting in fired {
            let (times, until) = self.0.entry(waiting).or_insert((0, Instant::now()));
            if *times > 0 {
                *until =
                    Instant::now() + Duration::from_millis(100).saturating_mul(2_u32.saturating_pow(*times)).min(REST);
            }
            *times += 1;
        }
    }
}

impl Runner {
    pub(crate) fn new(shared: Arc<Shared>, roster: Arc<Roster>) -> Self {
        Self { shared, roster }
    }

    /// Fires deadlines as they pass, until told to stop.
    ///
    /// # Errors
    /// The database's; safe to begin again.
    pub(crate) async fn run(&self, stop: CancellationToken) -> Result<(), DbErr> {
        let mut stuck = Stuck::default();
        while !stop.is_cancelled() {
            let now = self.shared.clock.now(&self.shared.db).await?;
            let waiting = earliest(self.shared.db.reader(), (BATCH + stuck.0.len()) as u64).await?;
            stuck.keep(&waiting);
            let next = waiting.iter().map(|waiting| waiting.due).find(|due| *due > now);
            let due = waiting.into_iter().filter(|waiting| waiting.due <= now && !stuck.rests(waiting));
            let due: Vec<Waiting> = due.collect();
            if due.is_empty() {
                self.sleep(next.map(|due| due - now), &stop).await;
                continue;
            }
            self.fire(&due, now).await;
            stuck.fired(due);
        }
        Ok(())
    }

    /// Fires everything that is due now. Answers how many aggregates were looked at; what cannot be fired stays due.
    ///
    /// # Errors
    /// The database's.
    pub async fn drain(&self) -> Result<u64, DbErr> {
        Ok(self.fire_due().await?.0)
    }

    /// As [`Runner::drain`]; answers as well what is due all the same.
    pub(crate) async fn fire_due(&self) -> Result<(u64, Vec<Waiting>), DbErr> {
        let mut fired = HashSet::new();
        loop {
            // By the writing pool: what was just committed must be seen.
            let mut waiting = earliest(self.shared.db.writer(), (BATCH + fired.len()) as u64).await?;
            if waiting.is_empty() {
                return Ok((fired.len() as u64, waiting));
            }
            let now = self.shared.clock.now(&self.shared.db).await?;
            waiting.retain(|waiting| waiting.due <= now);
            let (left, due): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|waiting| fired.contains(waiting));
            if due.is_empty() {
                return Ok((fired.len() as u64, left));
            }
            self.fire(&due, now).await;
            fired.extend(due);
        }
    }

    /// Looks at each aggregate once, all together, so that they share transactions.
    async fn fire(&self, due: &[Waiting], now: Timestamp) {
        let (mut seen, mut firing) = (HashSet::new(), Vec::new());
        for Waiting { aggregate, key, due } in due {
            self.shared.meters.late(aggregate, (now - *due).to_std().unwrap_or_default());
            match self.roster.kind(aggregate) {
                Some(kind) if seen.insert((aggregate, key)) => firing.push(kind.fire(key.clone())),
                Some(_) => {}
                None => tracing::error!(aggregate, "a deadline of an aggregate that nobody writes"),
            }
        }
        join_all(firing).await;
    }

    async fn sleep(&self, next: Option<chrono::TimeDelta>, stop: &CancellationToken) {
        let next = next.filter(|_| !self.shared.clock.is_virtual()).and_then(|next| next.to_std().ok());
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.shared.wakes.runner().notified() => {}
            () = tokio::time::sleep(next.map_or(POLL, |next| next.min(POLL))) => {}
        }
    }
}
