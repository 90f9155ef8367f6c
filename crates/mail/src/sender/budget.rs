//! Limits the number of mails to one address, so that no caller can flood a mailbox, for example by
//! many claims that name it. Mails that must be sent by law or contract and all other mails have
//! separate limits.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use cpor_process::rate_limit::{self, RateLimit, per_hour};
use cpor_types::Clock;

use crate::MailConfig;

/// The limits for the mails to each address. There are two, so that other mails never delay those
/// that must be sent.
pub(super) struct RecipientBudgets {
    /// The limit for the mails that must be sent by law or contract.
    required: RecipientBudget,
    /// The limit for all other mails.
    other: RecipientBudget,
}

/// One limit for the mails to each address.
struct RecipientBudget {
    /// Limits the mails that are sent.
    mails: RateLimit<SenderClock>,
    /// Reserves a time for each mail that is delayed, at the rate at which mails can be sent.
    turns: RateLimit<SenderClock>,
}

/// The clock of the sender, as the limits need it.
struct SenderClock(Arc<dyn Clock>);

impl rate_limit::Clock for SenderClock {
    /// The time since 1970.
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(self.0.now().timestamp_micros().unsigned_abs())
    }
}

impl RecipientBudgets {
    pub(super) fn new(config: &MailConfig, clock: &Arc<dyn Clock>) -> Self {
        let budget = |mails| RecipientBudget::new(mails, clock);
        Self { required: budget(config.required_per_recipient_per_hour), other: budget(config.per_recipient_per_hour) }
    }

    /// Counts a mail to an address.
    ///
    /// # Errors
    /// Returns the time to wait if the address gets too many mails. Each delayed mail waits until
    /// its own turn, so that the mails to one address do not become due together, again and again.
    pub(super) fn check(&self, recipient: &str, is_required: bool) -> Result<(), Duration> {
        let budget = if is_required { &self.required } else { &self.other };
        // Most mail systems ignore case.
        let recipient = recipient.to_lowercase();
        budget.mails.check(&recipient).map_err(|wait| budget.turns.reserve(&recipient, wait))
    }
}

impl RecipientBudget {
    fn new(mails: u32, clock: &Arc<dyn Clock>) -> Self {
        let limit = |quota| RateLimit::with_clock(quota, SenderClock(Arc::clone(clock)));
        Self { mails: limit(per_hour(mails)), turns: limit(per_hour(mails).allow_burst(NonZeroU32::MIN)) }
    }
}
