//! The events of a consent, which is the customer's side of one claim. The customer contact is
//! *authorized* if its approval by link and its silence count as consent of the tenant. The
//! *association* is the record of the partner for the customer, which becomes *official* when the
//! claim is approved and the customer consents.

use cpor_types::{NoticeState, Personal, PersonalData, Timestamp};
use uuid::Uuid;

use super::{Channel, DeliveryReport, NoticeKind};

/// An event of a consent. Mails to the customer and events for claim-intake (the service that owns
/// the claims) are derived from these events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A notice (a mail to the customer contact) was queued (R40).
    NoticeQueued {
        /// The id of the notice.
        notice: Uuid,
    },
    /// A user asked for the last notice to be sent again (R44).
    NoticeResent {
        /// The occasion of the notice, for example the submission of the claim.
        kind: NoticeKind,
        /// The delivery state of the notice that is sent again.
        previous: NoticeState,
    },
    /// The mail system reported that it accepted a notice, or that the notice bounced, at once or
    /// after it was accepted (R41, R41b).
    NoticeDeliveryReported {
        /// The occasion of the notice, for example the submission of the claim.
        kind: NoticeKind,
        /// Whether the notice was accepted, or why it bounced.
        report: DeliveryReport,
        /// The delivery state of the notice before the report.
        previous: NoticeState,
        /// The number of the request for consent that the notice belongs to (the customer is asked
        /// anew after an edit). `None` if the customer was asked anew since then.
        consent_request_number: Option<u32>,
    },
    /// The consent window opened: the time in which silence of the customer counts as consent
    /// (R41).
    WindowOpened {
        /// The time at which the window ends.
        due: Timestamp,
        /// The rule from which the time was computed, for example
        /// `7 calendar days, calendar de 2026, tzdata 2026a`.
        rule: String,
    },
    /// The notice that started the consent window of an approved claim bounced after all (R41b).
    WindowStopped {
        /// The time until which a notice must be accepted (R41a). `None` if the association is
        /// official.
        delivery_due: Option<Timestamp>,
    },
    /// The time in which a notice must be accepted (R41a) ends soon, so claim-intake reminds the
    /// partner (R48).
    DeliveryReminderDue,
    /// No notice was accepted in time after the approval (R41a).
    CustomerNotReached {
        /// The number of the request whose notices were not accepted; see
        /// [`ClaimSummary::consent_request_number`](super::ClaimSummary::consent_request_number).
        consent_request_number: u32,
    },
    /// The consent window passed without a decline (R27).
    WindowPassed {
        /// Whether the silence does not count yet, because the contact is not authorized (R43a).
        awaits_confirmation: bool,
        /// The number of the request for consent that was not answered (the customer is asked anew
        /// after an edit).
        consent_request_number: u32,
    },
    /// A mail that confirms a decision was queued (R43a).
    ConfirmationQueued {
        /// The id of the mail.
        mail: Uuid,
    },
    /// The customer approved explicitly (R26a).
    CustomerApproved {
        /// Whether the approval does not count yet, because it was given by link and the contact is
        /// not authorized (R43a).
        awaits_confirmation: bool,
        /// The channel of the approval, such as the link in a mail.
        channel: Channel,
        /// The number of the request for consent that the approval answers (the customer is asked
        /// anew after an edit).
        consent_request_number: u32,
    },
    /// The customer declined (R26).
    CustomerDeclined {
        /// The channel of the decline, such as the link in a mail.
        channel: Channel,
        /// The customer's comment; may be empty.
        comment: Personal,
        /// The number of the request for consent that the decline answers (the customer is asked
        /// anew after an edit). Silence can be a decline, too (R28).
        consent_request_number: u32,
        /// The time of the decline if it is reported for a second time (R47). `None` in the first
        /// report: the decline then counts from the time of the event.
        decline_time: Option<Timestamp>,
    },
    /// All associations of the claim have ended (R37, R39), and every decision of the customer from
    /// before was reported.
    ConsentEnded {
        /// The number of the last request for consent; see
        /// [`ClaimSummary::consent_request_number`](super::ClaimSummary::consent_request_number).
        consent_request_number: u32,
    },
    /// Personal data of the claim was erased (R56).
    PersonalDataErased { kinds: Vec<PersonalData> },
}
