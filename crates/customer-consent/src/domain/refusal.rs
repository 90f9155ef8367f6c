use cpor_types::Timestamp;

/// Why a word is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no such consent.
    #[error("there is no such consent")]
    NotFound,
    /// The window has passed (R43).
    #[error("the window has passed")]
    WindowPassed {
        /// When it passed.
        due: Option<Timestamp>,
    },
    /// The customer has declined, and a decline beats an approval.
    #[error("the customer has declined")]
    AlreadyDeclined,
    /// The claim is closed.
    #[error("the claim is closed")]
    ClaimClosed,
    /// The link is of a mail that went out before the claim was changed (R29); it can only decline.
    #[error("the claim has changed since this link was sent")]
    LinkOutdated,
    /// There is no notice that could be sent again (R44).
    #[error("the customer has not been notified")]
    NoNotice,
}
