//! The decisions of customers, and the notices to them.

use crate::string_enum;

string_enum! {
    /// The channel by which a customer made a decision (R43).
    pub enum ConsentChannel, "a consent channel" {
        /// Through the consent link in a notice.
        Link = "link",
        /// Signed in as an administrator of the tenant.
        SignedIn = "signed_in",
        /// By silence: the consent window, the time to decline, ended without a decision. Silence
        /// counts as consent or, if the customer declined before a dispute, as a decline (R28).
        Silence = "silence",
    }
}

string_enum! {
    /// The occasion of a notice, a mail to the customer contact about a claim (R40).
    pub enum NoticeKind, "a kind of notice" {
        /// Sent at submission; asks for approval.
        Submission = "submission",
        /// Sent at approval, and when a contact of the approved claim is corrected (R29a); offers
        /// the chance to decline.
        Approval = "approval",
        /// Sent after the partner edited the claim; asks again (R29).
        Change = "change",
        /// Sent at a dispute; asks again (R28).
        Dispute = "dispute",
    }
}

string_enum! {
    /// The delivery state of a notice (R41).
    pub enum NoticeState, "a delivery state" {
        /// The notice waits to be sent.
        Queued = "queued",
        /// The customer's mail system accepted the notice.
        Accepted = "accepted",
        /// The customer's mail system refused the notice permanently, at once or after it had
        /// accepted the notice (R41b).
        Bounced = "bounced",
        /// The notice is no longer needed, because the customer has decided or was asked again, or
        /// the claim was closed. It may already have been sent.
        Withdrawn = "withdrawn",
    }
}
