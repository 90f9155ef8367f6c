//! Limits the number of mails to one address, so that nobody can flood a mailbox, for example by
//! many claims that name it.

use std::sync::Arc;
use std::time::Duration;

use cpor_process::rate_limit::{self, RateLimit, per_hour};
use cpor_types::Clock;

use crate::MailConfig;

/// The maximum time by which a delayed mail waits longer than it has to. The delay is random within
/// it, so that many mails to one address do not become due together, again and again.
pub(super) const SPREAD: Duration = Duration::from_secs(600);

/// The mails to each address, in two parts that do not delay each other.
pub(super) struct RecipientBudgets {
    required: RateLimit<SenderClock>,
    other: RateLimit<SenderClock>,
}

/// The clock of the sender, as the limits need it.
#[derive(Clone)]
struct SenderClock(Arc<dyn Clock>);

impl rate_limit::Clock for SenderClock {
    /// The time since 1970.
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now().timestamp_millis().unsigned_abs())
    }
}

impl RecipientBudgets {
    pub(super) fn new(config: &MailConfig, clock: &Arc<dyn Clock>) -> Self {
        let limit = |mails| RateLimit::with_clock(per_hour(mails), SenderClock(Arc::clone(clock)));
        Self { required: limit(config.required_per_recipient_per_hour), other: limit(config.per_recipient_per_hour) }
    }

    /// Counts a mail to an address.
    ///
    /// # Errors
    /// Returns the time to wait if the address gets too many mails.
    pub(super) fn check(&self, recipient: &str, is_required: bool) -> Result<(), Duration> {
        let limit = if is_required { &self.required } else { &self.other };
        // Most mail systems ignore case.
        limit.check(recipient.to_lowercase())
    }
}
