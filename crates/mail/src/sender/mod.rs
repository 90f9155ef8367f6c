//! The loop that empties the queue.

mod attempt;
mod spawn;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use cpor_kit::metrics::{Counters, Gauges, Metrics};
use cpor_kit::{Db, Engine};
use cpor_types::{Clock, Entropy, Service};
use futures_util::StreamExt as _;
use lettre::message::Mailbox;
use sea_orm::DbErr;
use tokio::sync::{Notify, OnceCell};
use tokio_util::sync::CancellationToken;

pub use spawn::SetupError;

use crate::{Composer, MailConfig, Transport, queue};

/// How often the queue is looked at when nobody wakes the sender.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// What a lease lasts beyond the transport's patience: for finding the words before a message leaves, and afterwards for
/// saying and marking what came of it.
const LEASE_MARGIN: Duration = Duration::from_secs(15);

/// What a sender works with.
pub struct SenderParts<C> {
    /// Whose mails these are.
    pub service: Service,
    /// That service's database.
    pub db: Db,
    /// Real time.
    pub clock: Arc<dyn Clock>,
    /// For lease tokens and jitter.
    pub entropy: Arc<dyn Entropy>,
    /// Where queued, sent and failed mails are counted.
    pub metrics: Metrics,
    /// The words.
    pub renderer: C,
    /// The way out.
    pub transport: Box<dyn Transport>,
    /// Sender, parallelism, patience.
    pub config: MailConfig,
}

/// Sends the mails of one service. Any number of replicas may run one. Cheap to clone.
pub struct Sender<C>(Arc<Inner<C>>);

struct Inner<C> {
    parts: SenderParts<C>,
    from: Mailbox,
    wake: Notify,
    progress: Notify,
    /// Set once the leases of a process that died have been ended.
    stale_leases_ended: OnceCell<()>,
    queued_gauge: Gauges,
    attempt_counter: Counters,
}

impl<C> Clone for Sender<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C> std::fmt::Debug for Sender<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("service", &self.0.parts.service).finish_non_exhaustive()
    }
}

impl<C: Composer> Sender<C> {
    /// A sender that does nothing yet; `None` where the configuration's `from` is no mailbox, which its validation tells.
    #[must_use]
    pub fn new(parts: SenderParts<C>) -> Option<Self> {
        let from = parts.config.sender_mailbox()?;
        let queued_gauge =
            parts.metrics.gauge("cpor_mails_queued", "Mails that are neither sent, bounced nor withdrawn.");
        let attempt_counter = parts.metrics.counter("cpor_mail_attempts", "Attempts to send a mail, by outcome.");
        let (wake, progress, stale_leases_ended) = (Notify::new(), Notify::new(), OnceCell::new());
        Some(Self(Arc::new(Inner { parts, from, wake, progress, stale_leases_ended, queued_gauge, attempt_counter })))
    }

    /// Looks at the queue at once: to be called after a transaction that enqueued something has committed.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Sends what waits until `stop` is cancelled. What is being sent then is finished first.
    ///
    /// # Errors
    /// The database's; mails that were leased wait for their leases to end.
    pub async fn run(self, stop: CancellationToken) -> Result<(), DbErr> {
        self.end_stale_leases_once().await?;
        while !stop.is_cancelled() {
            if self.send_batch().await? > 0 {
                continue;
            }
            tokio::select! {
                () = self.0.wake.notified() => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                () = stop.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Before the first lease of this process, and never after it: what it is at itself is no dead process's.
    async fn end_stale_leases_once(&self) -> Result<(), DbErr> {
        self.0.stale_leases_ended.get_or_try_init(|| self.end_stale_leases()).await.map(|_| ())
    }

    /// What a process that was killed had leased need not wait for the lease to run out, where nobody else can have it:
    /// on SQLite. Replicas on PostgreSQL wait. Either way a mail that was on its way may be sent twice.
    async fn end_stale_leases(&self) -> Result<(), DbErr> {
        let SenderParts { db, service, .. } = &self.0.parts;
        if db.engine() == Engine::Postgres {
            return Ok(());
        }
        let ended = queue::end_all_leases(db).await?;
        if ended > 0 {
            tracing::info!(%service, ended, "ended the mail leases that a stopped process held");
        }
        Ok(())
    }

    /// Returns once every mail has been tried that need not wait for a further attempt; answers how many do wait for one.
    ///
    /// # Errors
    /// The database's.
    pub async fn drain(&self) -> Result<u64, DbErr> {
        self.end_stale_leases_once().await?;
        loop {
            let progress = self.0.progress.notified();
            let (queued, due) = queue::count_queued(self.0.parts.db.reader(), self.0.parts.clock.now()).await?;
            if due == 0 {
                return Ok(queued);
            }
            if self.send_batch().await? == 0 {
                // Somebody else holds the lease of what is left.
                let _ = tokio::time::timeout(POLL_INTERVAL / 10, progress).await;
            }
        }
    }

    /// How many mails are not settled.
    ///
    /// # Errors
    /// The database's.
    pub async fn count_queued(&self) -> Result<u64, DbErr> {
        Ok(queue::count_queued(self.0.parts.db.reader(), self.0.parts.clock.now()).await?.0)
    }

    /// How long a leased mail stays with whoever leased it: longer than the transport may take, because what two send arrives
    /// twice; and no longer than a mail may rest that a process on PostgreSQL took with it when it died.
    fn lease_duration(&self) -> Duration {
        self.0.parts.transport.send_timeout() + LEASE_MARGIN
    }

    /// Leases and tries one batch; answers how many there were.
    async fn send_batch(&self) -> Result<usize, DbErr> {
        let SenderParts { db, clock, entropy, config, service, .. } = &self.0.parts;
        let now = clock.now();
        // A look by a reader first: an idle sender never asks SQLite for its one writer.
        let (queued, due) = queue::count_queued(db.reader(), now).await?;
        self.0.queued_gauge.set(&[("service", service.as_str())], u32::try_from(queued).unwrap_or(u32::MAX).into());
        if due == 0 {
            return Ok(0);
        }
        let limit = u64::try_from(config.parallel).unwrap_or(u64::MAX);
        let leased = queue::lease_due(db, entropy.uuid(), now, now + self.lease_duration(), limit).await?;
        let attempted = leased.len();
        if attempted == 0 {
            // What is due is with others. Saying that something was settled would have `drain` ask again at once.
            return Ok(0);
        }
        let attempts =
            futures_util::stream::iter(leased).map(|leased| self.attempt(leased)).buffer_unordered(config.parallel);
        let results: Vec<Result<(), DbErr>> = attempts.collect().await;
        self.0.progress.notify_waiters();
        results.into_iter().collect::<Result<(), DbErr>>().map(|()| attempted)
    }
}
