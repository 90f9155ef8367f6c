use cpor_types::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Contact;

/// Which of the customer's notices (R40).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NoticeKind {
    /// At submission, asking for approval.
    Submission,
    /// At approval, with the chance to decline.
    Approval,
    /// After the partner changed the claim, asking anew (R29).
    Change,
    /// At a dispute, asking anew (R28).
    Dispute,
}

impl NoticeKind {
    /// The stable word, for events and mails.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Submission => "submission",
            Self::Approval => "approval",
            Self::Change => "change",
            Self::Dispute => "dispute",
        }
    }
}

/// An e-mail to the customer's contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// Its id, the mail's too.
    pub(crate) id: Uuid,
    /// Which one.
    pub(crate) kind: NoticeKind,
    /// To whom.
    pub(crate) contact: Contact,
    /// Whether its link can approve as well as decline, and its acceptance can open the window: it went to the claim's contact, and the
    /// customer has not been asked anew since (R28, R29).
    pub(crate) current: bool,
    /// When it was queued.
    pub(crate) queue_time: Timestamp,
    /// What became of it.
    pub(crate) delivery: Delivery,
}

impl Notice {
    /// Whether a word from the mail system is still awaited. One that was withdrawn may have been on its way already.
    pub(crate) fn is_unsettled(&self) -> bool {
        match self.delivery {
            Delivery::Queued | Delivery::Withdrawn { .. } => true,
            Delivery::Accepted { .. } | Delivery::Bounced { .. } => false,
        }
    }
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub(crate) enum Delivery {
    /// To be sent.
    Queued,
    /// Accepted by the customer's mail system.
    Accepted {
        /// When, in business time.
        time: Timestamp,
    },
    /// Refused by it for good.
    Bounced {
        /// When, in business time.
        time: Timestamp,
    },
    /// Not sent: the consent was decided or closed before.
    Withdrawn {
        /// When, in business time.
        time: Timestamp,
    },
}

impl Delivery {
    /// The stable word, for events.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Accepted { .. } => "accepted",
            Self::Bounced { .. } => "bounced",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }
}

/// The mail system's last word on a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryReport {
    /// Accepted.
    Accepted,
    /// Refused for good, and why, without personal data.
    Bounced(String),
}
