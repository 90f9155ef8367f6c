use cpor_types::Timestamp;

/// Why a customer's word is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no such consent.
    #[error("there is no such consent")]
    NotFound,
    /// The window has passed (R43).
    #[error("the window has passed and the association is official")]
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
}
