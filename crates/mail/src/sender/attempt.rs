//! One attempt to send one mail.

use std::time::Duration;

use cpor_process::lifecycle::Backoff;
use cpor_types::{Entropy, Timestamp};
use sea_orm::DbErr;

use super::{Sender, SenderParts};
use crate::queue::{self, LeasedMail, Mail, MailState};
use crate::{MailRenderer, Message, Outcome, RenderResult, RendererError, SendError};

/// The longest random delay after the first failed attempt. The longest delay doubles with each
/// further attempt.
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(2);
/// The delay at which the doubling ends.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(900);
/// The number of times that the sender reports an outcome to the renderer before it puts the mail
/// back into the queue.
const MAX_OUTCOME_REPORTS: u32 = 6;

/// The result of one attempt to send a mail.
enum AttemptResult {
    /// The mail has its final outcome.
    Final(Outcome),
    /// The renderer decided that the mail is not sent.
    Withdrawn,
    /// The mail is tried again later. `deferred_by_server` is true if the mail server asked for
    /// that, and false if the attempt failed for another reason.
    Retry { reason: String, deferred_by_server: bool },
}

impl<R: MailRenderer> Sender<R> {
    /// Renders and sends one mail, reports the outcome to the renderer, and updates the mail's row.
    pub(super) async fn attempt(&self, leased: LeasedMail) -> Result<(), DbErr> {
        let mail = &leased.mail;
        // A mail that was tried before has been counted.
        let is_required = self.0.parts.renderer.is_required(mail);
        if mail.attempts == 0
            && let Err(wait) = self.0.budgets.check(&mail.recipient, is_required)
        {
            return self.delay(&leased, wait).await;
        }
        match self.give_up_if_deferred_too_long(&leased, self.render_and_send(&leased).await) {
            AttemptResult::Final(outcome) => {
                let outcome_name = outcome.as_str();
                tracing::info!(owner = mail.owner, mail = %mail.id, kind = mail.kind, outcome = outcome_name, "mail finished");
                self.count_attempt(outcome_name);
                match self.report_outcome(mail, &outcome).await {
                    Ok(()) => self.mark_done(&leased, final_state(&outcome)).await,
                    Err(RendererError(reason)) => self.retry_later(&leased, &reason).await,
                }
            }
            AttemptResult::Withdrawn => {
                self.count_attempt("withdrawn");
                self.mark_done(&leased, MailState::Withdrawn).await
            }
            AttemptResult::Retry { reason, .. } => {
                tracing::warn!(owner = mail.owner, mail = %mail.id, kind = mail.kind, attempts = mail.attempts + 1, reason, "mail not sent; retrying later");
                self.count_attempt("failed");
                self.retry_later(&leased, &reason).await
            }
        }
    }

    /// Puts the mail back into the queue, because its recipient gets too many mails.
    async fn delay(&self, leased: &LeasedMail, wait: Duration) -> Result<(), DbErr> {
        let SenderParts { db, clock, .. } = &self.0.parts;
        self.count_attempt("delayed");
        let still_held = queue::delay(db, leased, clock.now() + wait).await?;
        warn_if_lease_lost(leased, still_held);
        Ok(())
    }

    /// Renders the mail and sends it, without changing its row.
    async fn render_and_send(&self, leased: &LeasedMail) -> AttemptResult {
        match self.0.parts.renderer.render(&leased.mail).await {
            Ok(RenderResult::Message(message)) => self.send(leased, *message).await,
            Ok(RenderResult::Withdrawn) => AttemptResult::Withdrawn,
            Err(RendererError(reason)) => AttemptResult::Retry { reason, deferred_by_server: false },
        }
    }

    /// Sends a rendered mail through the transport.
    async fn send(&self, LeasedMail { mail, until, .. }: &LeasedMail, message: Message) -> AttemptResult {
        let parts = &self.0.parts;
        let (now, send_timeout) = (parts.clock.now(), parts.transport.send_timeout());
        // After the end of the lease another sender may send the mail, so this attempt must have
        // ended by then.
        if now + send_timeout > *until {
            return AttemptResult::Retry {
                reason: "rendering took longer than the lease allows".to_owned(),
                deferred_by_server: false,
            };
        }
        // The mail is dated by the business clock (which can be virtual), like the times in its
        // text.
        let message = match message.into_email(mail.id, &self.0.from, mail.time) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(mail = %mail.id, %error, "the mail is invalid and cannot be sent");
                return AttemptResult::Final(Outcome::Bounced(error.to_string()));
            }
        };
        match tokio::time::timeout(send_timeout, parts.transport.send(mail, &message)).await {
            Ok(Ok(())) => AttemptResult::Final(Outcome::Accepted),
            Ok(Err(SendError::Permanent(reason))) => AttemptResult::Final(Outcome::Bounced(reason)),
            Ok(Err(SendError::Deferred(reason))) => AttemptResult::Retry { reason, deferred_by_server: true },
            Ok(Err(SendError::Unavailable(reason))) => AttemptResult::Retry { reason, deferred_by_server: false },
            Err(_elapsed) => AttemptResult::Retry {
                reason: "the transport did not answer in time".to_owned(),
                deferred_by_server: false,
            },
        }
    }

    /// Replaces a deferral by a bounce if the first attempt was at least `give_up_after_hours` ago.
    fn give_up_if_deferred_too_long(&self, leased: &LeasedMail, result: AttemptResult) -> AttemptResult {
        let parts = &self.0.parts;
        let give_up_after = chrono::TimeDelta::hours(parts.config.give_up_after_hours.into());
        match result {
            AttemptResult::Retry { deferred_by_server: true, reason }
                if parts.clock.now() - leased.first_attempt_time >= give_up_after =>
            {
                AttemptResult::Final(Outcome::Bounced(reason))
            }
            AttemptResult::Retry { .. } | AttemptResult::Final(..) | AttemptResult::Withdrawn => result,
        }
    }

    /// Reports the outcome to the renderer, with up to [`MAX_OUTCOME_REPORTS`] calls until one
    /// succeeds. If all calls fail, the mail goes back into the queue and is sent a second time.
    async fn report_outcome(&self, mail: &Mail, outcome: &Outcome) -> Result<(), RendererError> {
        let parts = &self.0.parts;
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
        let mut result = parts.renderer.record_outcome(mail, outcome.clone()).await;
        for _ in 1..MAX_OUTCOME_REPORTS {
            if result.is_ok() {
                break;
            }
            tokio::time::sleep(backoff.next_delay(&*parts.entropy)).await;
            result = parts.renderer.record_outcome(mail, outcome.clone()).await;
        }
        result
    }

    /// Stores the final state of the mail in the queue.
    async fn mark_done(&self, leased: &LeasedMail, state: MailState) -> Result<(), DbErr> {
        let still_held = queue::finish(&self.0.parts.db, leased, state, self.0.parts.clock.now()).await?;
        warn_if_lease_lost(leased, still_held);
        Ok(())
    }

    /// Puts the mail back into the queue, to be tried again after a delay.
    async fn retry_later(&self, leased: &LeasedMail, reason: &str) -> Result<(), DbErr> {
        let parts = &self.0.parts;
        let next_attempt_time = next_attempt_time(leased.mail.attempts, parts.clock.now(), &*parts.entropy);
        let still_held = queue::postpone(&parts.db, leased, next_attempt_time, reason).await?;
        warn_if_lease_lost(leased, still_held);
        Ok(())
    }

    /// Counts one attempt with this outcome in the metrics.
    fn count_attempt(&self, outcome: &'static str) {
        self.0.attempt_counter.add(&[("service", self.0.parts.service.as_str()), ("outcome", outcome)], 1);
    }
}

/// Returns the stored state for an outcome.
const fn final_state(outcome: &Outcome) -> MailState {
    match outcome {
        Outcome::Accepted => MailState::Sent,
        Outcome::Bounced(_) => MailState::Bounced,
    }
}

/// Returns a random time of the next attempt, between now and a maximum delay that doubles with
/// each attempt. It is random so that mails that failed together are not retried together.
fn next_attempt_time(attempts: u32, now: Timestamp, entropy: &dyn Entropy) -> Timestamp {
    let max_delay = FIRST_RETRY_DELAY.saturating_mul(2_u32.saturating_pow(attempts)).min(MAX_RETRY_DELAY);
    now + max_delay.mul_f64(entropy.fraction())
}

/// Logs a warning if the lease ended before the attempt did, because another sender may then send
/// the mail again.
fn warn_if_lease_lost(leased: &LeasedMail, still_held: bool) {
    if !still_held {
        tracing::warn!(owner = leased.mail.owner, mail = %leased.mail.id, "the lease of a mail ended before its attempt did");
    }
}

#[cfg(test)]
mod tests {
    use cpor_types::SeededEntropy;

    use super::*;

    #[test]
    fn retry_delays_double_up_to_a_limit() {
        let now: Timestamp = "2026-03-02T08:30:00Z".parse().unwrap();
        let entropy = SeededEntropy::new(3);
        for (attempts, max_seconds) in [(0, 2), (1, 4), (5, 64), (30, 900), (u32::MAX, 900)] {
            let wait = next_attempt_time(attempts, now, &entropy) - now;
            assert!(
                wait >= chrono::TimeDelta::zero() && wait <= chrono::TimeDelta::seconds(max_seconds),
                "{attempts}: {wait}"
            );
        }
    }
}
