//! Notices: the mails to the customer contact. An accepted notice can start the *consent window*,
//! the time in which silence of the customer counts as consent. All times are those of the business
//! clock, which deadlines use and which can be virtual.

pub(crate) use cpor_types::NoticeKind;
use cpor_types::{NoticeState, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Contact;

/// A mail to the customer contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// The id of the notice and of its mail.
    pub(crate) id: Uuid,
    pub(crate) kind: NoticeKind,
    /// The recipient.
    pub(crate) contact: Contact,
    /// Whether the notice belongs to the current request: it was sent to the claim's contact, and
    /// the customer has not been asked again since (R28, R29). Only the link of a current notice
    /// can approve, and only a current notice can start the consent window.
    pub(crate) is_current: bool,
    /// The time at which the notice was queued.
    pub(crate) queue_time: Timestamp,
    /// The state of the delivery.
    pub(crate) delivery: Delivery,
}

impl Notice {
    /// Returns whether a report of the mail system changes the notice. A report can also be about a
    /// withdrawn notice, which may have been sent before, and an accepted notice can bounce later
    /// (R41b).
    pub(crate) fn admits(&self, report: &DeliveryReport) -> bool {
        match (self.delivery, report) {
            (Delivery::Queued | Delivery::Withdrawn { .. }, _)
            | (Delivery::Accepted { .. }, DeliveryReport::Bounced(_)) => true,
            (Delivery::Accepted { .. }, DeliveryReport::Accepted) | (Delivery::Bounced { .. }, _) => false,
        }
    }
}

/// The state of the delivery of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub(crate) enum Delivery {
    /// The notice has not been sent yet.
    Queued,
    /// The customer's mail system accepted the notice.
    Accepted {
        /// The time of the report.
        time: Timestamp,
    },
    /// The customer's mail system refused the notice permanently.
    Bounced {
        /// The time of the report.
        time: Timestamp,
    },
    /// The notice is no longer needed, because the customer has decided or was asked again, or the
    /// claim was closed. It may already have been sent.
    Withdrawn {
        /// The time of the withdrawal.
        time: Timestamp,
    },
}

impl Delivery {
    /// Returns the state without its time.
    pub(crate) const fn state(self) -> NoticeState {
        match self {
            Self::Queued => NoticeState::Queued,
            Self::Accepted { .. } => NoticeState::Accepted,
            Self::Bounced { .. } => NoticeState::Bounced,
            Self::Withdrawn { .. } => NoticeState::Withdrawn,
        }
    }
}

/// The final report of the mail system on a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryReport {
    /// The mail system accepted the notice.
    Accepted,
    /// The mail system refused the notice permanently, at once or later (R41b). The text is the
    /// reason, without personal data.
    Bounced(String),
}
