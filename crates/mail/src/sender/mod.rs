//! The background task that sends the queued mails of one service.

mod attempt;
mod budget;
mod spawn;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use cpor_database::{Db, Engine};
use cpor_process::metrics::{Counters, Gauges, Metrics};
use cpor_types::{Clock, Entropy, Service};
use futures_util::StreamExt as _;
use lettre::message::Mailbox;
use sea_orm::DbErr;
use tokio::sync::{Notify, OnceCell};
use tokio_util::sync::CancellationToken;

pub use spawn::SetupError;

use crate::queue::{self, QueueCounts};
use crate::{MailConfig, MailRenderer, Transport};

/// The time between two searches for due mails if the sender is not woken up.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The time by which a lease is longer than the send timeout of the transport. In this time the
/// mail is rendered before it is sent, and its outcome is reported and stored afterwards.
const LEASE_MARGIN: Duration = Duration::from_secs(15);

/// The arguments of [`Sender::new`].
pub struct SenderParts<R> {
    /// The service whose mails are sent.
    pub service: Service,
    /// The database of that service.
    pub db: Db,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
    /// The source of lease ids and of the random delays between attempts.
    pub entropy: Arc<dyn Entropy>,
    /// The metrics that count queued mails and attempts.
    pub metrics: Metrics,
    /// The renderer of the service's mails.
    pub renderer: R,
    /// The transport (SMTP server or `.eml` files) that takes the messages.
    pub transport: Box<dyn Transport>,
    /// The sender address, the parallelism and the give-up time.
    pub config: MailConfig,
}

/// Sends the mails of one service. Several processes that host the service may each run a sender.
/// All clones of a sender share one state, and cloning is cheap.
pub struct Sender<R>(Arc<Inner<R>>);

/// The state that all clones of a sender share.
struct Inner<R> {
    parts: SenderParts<R>,
    /// The sender address of all mails.
    from: Mailbox,
    /// The number of mails that each address may get.
    budgets: budget::RecipientBudgets,
    /// Wakes the background task up before its next poll.
    wake: Notify,
    /// Signals the end of a batch to tasks that wait in [`Sender::send_due_mails`].
    progress: Notify,
    /// Set when the leases that a crashed process left have been ended.
    stale_leases_ended: OnceCell<()>,
    /// The metric for the number of queued mails.
    queued_gauge: Gauges,
    /// The metric for the number of attempts, by outcome.
    attempt_counter: Counters,
}

impl<R> Clone for Sender<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R> std::fmt::Debug for Sender<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("service", &self.0.parts.service).finish_non_exhaustive()
    }
}

impl<R: MailRenderer> Sender<R> {
    /// Creates a sender. It sends nothing before [`Self::run`] or [`Self::send_due_mails`] is
    /// called. Returns `None` if `from` in the configuration is not a valid mailbox; the validation
    /// of the configuration reports that.
    #[must_use]
    pub fn new(parts: SenderParts<R>) -> Option<Self> {
        let from = parts.config.sender_mailbox()?;
        let queued_gauge =
            parts.metrics.gauge("cpor_mails_queued", "Mails that are neither sent, bounced nor withdrawn.");
        let attempt_counter = parts.metrics.counter("cpor_mail_attempts", "Attempts to send a mail, by outcome.");
        let budgets = budget::RecipientBudgets::new(&parts.config, &parts.clock);
        let (wake, progress, stale_leases_ended) = (Notify::new(), Notify::new(), OnceCell::new());
        let inner = Inner { parts, from, budgets, wake, progress, stale_leases_ended, queued_gauge, attempt_counter };
        Some(Self(Arc::new(inner)))
    }

    /// Makes the sender search for due mails at once. Call it after a transaction that enqueued a
    /// mail has committed.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Sends queued mails until `stop` is cancelled. Attempts that have begun by then are finished.
    ///
    /// # Errors
    /// Returns the error of the database. Mails that were leased when it occurred are sent after
    /// their leases have ended.
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

    /// Ends stale leases before the first lease of this process is taken. Later calls do nothing,
    /// because leases then belong to this process.
    async fn end_stale_leases_once(&self) -> Result<(), DbErr> {
        self.0.stale_leases_ended.get_or_try_init(|| self.end_stale_leases()).await.map(|_| ())
    }

    /// Ends the leases that a killed process left, so that its mails are sent without waiting for
    /// the end of those leases. This is possible on SQLite only, where no other process can hold a
    /// lease. A mail that was being sent may be sent twice.
    async fn end_stale_leases(&self) -> Result<(), DbErr> {
        let SenderParts { db, service, .. } = &self.0.parts;
        if db.engine() == Engine::Postgres {
            return Ok(());
        }
        let ended = queue::end_all_leases(db).await?;
        if ended > 0 {
            tracing::info!(%service, ended, "ended the mail leases that a crashed process held");
        }
        Ok(())
    }

    /// Sends queued mails until no mail is due. Returns the number of mails that are still queued
    /// for a later attempt.
    ///
    /// # Errors
    /// Returns the error of the database.
    pub async fn send_due_mails(&self) -> Result<u64, DbErr> {
        self.end_stale_leases_once().await?;
        loop {
            let progress = self.0.progress.notified();
            let QueueCounts { queued, due } =
                queue::count_queued(self.0.parts.db.reader(), self.0.parts.clock.now()).await?;
            if due == 0 {
                return Ok(queued);
            }
            if self.send_batch().await? == 0 {
                // Other senders hold the leases of the due mails. Wait for one of them to send its
                // batch.
                let _ = tokio::time::timeout(POLL_INTERVAL / 10, progress).await;
            }
        }
    }

    /// Returns the number of mails that are queued, due or not.
    ///
    /// # Errors
    /// Returns the error of the database.
    pub async fn count_queued(&self) -> Result<u64, DbErr> {
        Ok(queue::count_queued(self.0.parts.db.reader(), self.0.parts.clock.now()).await?.queued)
    }

    /// Returns how long a mail is leased. A lease is longer than the send timeout of the transport,
    /// so that no second sender sends the mail during an attempt. It is not much longer, because on
    /// PostgreSQL the mails of a crashed process are not sent before their leases end.
    fn lease_duration(&self) -> Duration {
        self.0.parts.transport.send_timeout() + LEASE_MARGIN
    }

    /// Leases and sends one batch of mails. Returns the number of mails in the batch.
    async fn send_batch(&self) -> Result<usize, DbErr> {
        let SenderParts { db, clock, entropy, config, service, .. } = &self.0.parts;
        let now = clock.now();
        // Counting first with a read connection keeps an idle sender away from the only write
        // connection of SQLite.
        let QueueCounts { queued, due } = queue::count_queued(db.reader(), now).await?;
        self.0.queued_gauge.set(&[("service", service.as_str())], u32::try_from(queued).unwrap_or(u32::MAX).into());
        if due == 0 {
            return Ok(0);
        }
        let limit = u64::try_from(config.parallel).unwrap_or(u64::MAX);
        let leased = queue::lease_due(db, entropy.uuid(), now, now + self.lease_duration(), limit).await?;
        let batch_size = leased.len();
        if batch_size == 0 {
            // Other senders hold the leases of the due mails. Signalling progress here would make
            // `send_due_mails` search again without a pause.
            return Ok(0);
        }
        let attempts =
            futures_util::stream::iter(leased).map(|leased| self.attempt(leased)).buffer_unordered(config.parallel);
        let results: Vec<Result<(), DbErr>> = attempts.collect().await;
        self.0.progress.notify_waiters();
        results.into_iter().collect::<Result<(), DbErr>>().map(|()| batch_size)
    }
}
