use cpor_types::{PersonalData, Timestamp};
use uuid::Uuid;

use super::{Channel, DeliveryReport, NoticeKind};

/// What happened to a consent. Mails and events for claim-intake derive from these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A notice is to be sent (R40).
    NoticeQueued {
        /// Which mail.
        notice: Uuid,
    },
    /// Somebody asked for the last notice to be sent again (R44).
    NoticeResent {
        /// Which notice.
        kind: NoticeKind,
        /// What became of the one before.
        previous: &'static str,
    },
    /// The mail system has had its last word on a notice (R41).
    NoticeSettled {
        /// Which notice.
        kind: NoticeKind,
        /// Accepted, or bounced and why.
        report: DeliveryReport,
    },
    /// The window opened (R41).
    WindowOpened {
        /// When it passes.
        due: Timestamp,
        /// What that was computed from.
        rule: String,
    },
    /// The window passed in silence (R27).
    WindowPassed,
    /// The customer approved (R26a).
    CustomerApproved {
        /// How.
        channel: Channel,
        /// Which asking, [`ClaimSummary::askings`](super::ClaimSummary::askings).
        askings: u32,
    },
    /// The customer declined (R26).
    CustomerDeclined {
        /// How.
        channel: Channel,
        /// Why; may be empty.
        comment: String,
    },
    /// Personal data of the claim was erased (R56).
    PersonalDataErased {
        /// Of which kinds.
        kinds: Vec<PersonalData>,
    },
}
