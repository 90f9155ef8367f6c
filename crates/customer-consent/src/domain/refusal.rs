//! The reasons why a command on a consent (the customer's side of one claim) is refused. A *notice*
//! is a mail to the customer contact.

use std::time::Duration;

use cpor_types::Timestamp;

/// The reason why the domain refuses a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The consent does not exist.
    #[error("the consent does not exist")]
    NotFound,
    /// The consent window, in which the customer can decide and silence counts as consent, has
    /// passed (R43).
    #[error("the consent window has passed")]
    WindowPassed {
        /// The time at which the window ends or ended; `None` if the state of the consent has no
        /// window.
        due: Option<Timestamp>,
    },
    /// The customer has declined. An approval does not override a decline.
    #[error("the customer has already declined the claim")]
    AlreadyDeclined,
    /// The claim was rejected, withdrawn or has otherwise ended.
    #[error("the claim is closed")]
    ClaimClosed,
    /// The link was sent before the customer was asked anew, because of an edit (R29) or a dispute
    /// (R28), so it can only decline.
    #[error("the claim was edited after this link was sent")]
    LinkOutdated,
    /// No notice was sent that could be sent again (R44).
    #[error("no notice has been sent that could be resent")]
    NoNotice,
    /// The policy profile or the calendar of the claim is not configured.
    #[error("the policy profile or the calendar of the claim is not configured")]
    TermsMissing,
    /// The consent has no notice with the given id.
    #[error("the consent has no such notice")]
    NoticeUnknown,
    /// The notice has not been sent yet, so it cannot have bounced (R41b).
    #[error("the notice has not been sent yet")]
    NoticeNotSent,
    /// The notices of this consent were sent again too often (R44).
    #[error("the notice was sent again too often")]
    TooManyNotices {
        /// The maximum number of notices that are sent again within an hour.
        limit: u32,
        /// The time to wait.
        wait: Duration,
    },
}
