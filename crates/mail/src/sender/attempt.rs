use std::time::Duration;

use cpor_kit::lifecycle::Backoff;
use cpor_types::{Entropy, Timestamp};
use sea_orm::DbErr;

use super::Sender;
use crate::queue::{self, Leased, Mail, MailState};
use crate::{Composed, Composer, Message, Outcome, Rejection, Unavailable};

/// Between attempts at one mail: doubling from the first to the second, each drawn evenly from nought.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(900));
/// How often the composer is told an outcome before the mail goes back to the queue.
const TELLINGS: u32 = 6;

/// What one attempt came to.
enum Fate {
    Settled(Outcome),
    Withdrawn,
    /// `deferred`: the mail system put it off, as opposed to not having been asked.
    Later {
        why: String,
        deferred: bool,
    },
}

impl<C: Composer> Sender<C> {
    /// One attempt at one mail, from its words to its mark.
    pub(super) async fn attempt(&self, leased: Leased) -> Result<(), DbErr> {
        let mail = &leased.mail;
        match self.patient(&leased, self.fate(&leased).await) {
            Fate::Settled(outcome) => {
                let word = outcome.as_str();
                tracing::info!(owner = mail.owner, mail = %mail.id, kind = mail.kind, outcome = word, "mail settled");
                self.count(word);
                match self.tell(mail, &outcome).await {
                    Ok(()) => self.mark(&leased, state(&outcome)).await,
                    Err(Unavailable(why)) => self.put_off(&leased, &why).await,
                }
            }
            Fate::Withdrawn => {
                self.count("withdrawn");
                self.mark(&leased, MailState::Withdrawn).await
            }
            Fate::Later { why, .. } => {
                tracing::warn!(owner = mail.owner, mail = %mail.id, kind = mail.kind, attempts = mail.attempts + 1, why, "mail put off");
                self.count("failed");
                self.put_off(&leased, &why).await
            }
        }
    }

    async fn fate(&self, leased: &Leased) -> Fate {
        match self.0.parts.composer.compose(&leased.mail).await {
            Ok(Composed::Message(message)) => self.send(leased, *message).await,
            Ok(Composed::Withdrawn) => Fate::Withdrawn,
            Err(Unavailable(why)) => Fate::Later { why, deferred: false },
        }
    }

    async fn send(&self, Leased { mail, until, .. }: &Leased, message: Message) -> Fate {
        let parts = &self.0.parts;
        let (now, patience) = (parts.clock.now(), parts.transport.patience());
        // Somebody else may send it as soon as the lease ends: by then we must have stopped.
        if now + patience > *until {
            return Fate::Later { why: "the words took too long".to_owned(), deferred: false };
        }
        let message = match message.written(mail.id, &self.0.from, now) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(mail = %mail.id, %error, "mail cannot be delivered");
                return Fate::Settled(Outcome::Bounced(error.to_string()));
            }
        };
        match tokio::time::timeout(patience, parts.transport.send(mail, &message)).await {
            Ok(Ok(())) => Fate::Settled(Outcome::Accepted),
            Ok(Err(Rejection::Permanent(why))) => Fate::Settled(Outcome::Bounced(why)),
            Ok(Err(Rejection::Deferred(why))) => Fate::Later { why, deferred: true },
            Ok(Err(Rejection::Unavailable(why))) => Fate::Later { why, deferred: false },
            Err(_elapsed) => Fate::Later { why: "the transport does not answer".to_owned(), deferred: false },
        }
    }

    /// A mail system that puts a mail off for too long has refused it.
    fn patient(&self, leased: &Leased, fate: Fate) -> Fate {
        let parts = &self.0.parts;
        let patience = chrono::TimeDelta::hours(parts.config.give_up_after_hours.into());
        match fate {
            Fate::Later { deferred: true, why } if parts.clock.now() - leased.first_attempt_time >= patience => {
                Fate::Settled(Outcome::Bounced(why))
            }
            Fate::Later { .. } | Fate::Settled(..) | Fate::Withdrawn => fate,
        }
    }

    /// Tells the composer, again and again for a while: a mail that goes back to the queue now would be sent twice.
    async fn tell(&self, mail: &Mail, outcome: &Outcome) -> Result<(), Unavailable> {
        let parts = &self.0.parts;
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
        let mut told = parts.composer.settled(mail, outcome.clone()).await;
        for _ in 1..TELLINGS {
            if told.is_ok() {
                break;
            }
            tokio::time::sleep(backoff.next(&*parts.entropy)).await;
            told = parts.composer.settled(mail, outcome.clone()).await;
        }
        told
    }

    async fn mark(&self, leased: &Leased, state: MailState) -> Result<(), DbErr> {
        let held = queue::settle(&self.0.parts.db, leased, state, self.0.parts.clock.now()).await?;
        note_lost(leased, held);
        Ok(())
    }

    async fn put_off(&self, leased: &Leased, why: &str) -> Result<(), DbErr> {
        let parts = &self.0.parts;
        let next = next_attempt(leased.mail.attempts, parts.clock.now(), &*parts.entropy);
        let held = queue::postpone(&parts.db, leased, next, why).await?;
        note_lost(leased, held);
        Ok(())
    }

    fn count(&self, outcome: &'static str) {
        self.0.attempts.add(&[("service", self.0.parts.service.as_str()), ("outcome", outcome)], 1);
    }
}

const fn state(outcome: &Outcome) -> MailState {
    match outcome {
        Outcome::Accepted => MailState::Sent,
        Outcome::Bounced(_) => MailState::Bounced,
    }
}

/// Full jitter, so that mails that failed together do not come back together.
fn next_attempt(attempts: u32, now: Timestamp, entropy: &dyn Entropy) -> Timestamp {
    let (first, most) = BACKOFF;
    let ceiling = first.saturating_mul(2_u32.saturating_pow(attempts)).min(most);
    now + ceiling.mul_f64(entropy.fraction())
}

fn note_lost(leased: &Leased, held: bool) {
    if !held {
        tracing::warn!(owner = leased.mail.owner, mail = %leased.mail.id, "a mail's lease ended before its attempt");
    }
}

#[cfg(test)]
mod tests {
    use cpor_types::SeededEntropy;

    use super::*;

    #[test]
    fn attempts_come_within_a_ceiling_that_doubles_up_to_a_limit() {
        let now: Timestamp = "2026-03-02T08:30:00Z".parse().unwrap();
        let entropy = SeededEntropy::new(3);
        for (attempts, most) in [(0, 2), (1, 4), (5, 64), (30, 900), (u32::MAX, 900)] {
            let wait = next_attempt(attempts, now, &entropy) - now;
            assert!(
                wait >= chrono::TimeDelta::zero() && wait <= chrono::TimeDelta::seconds(most),
                "{attempts}: {wait}"
            );
        }
    }
}
