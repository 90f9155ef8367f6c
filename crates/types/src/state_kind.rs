//! The states of a claim.
use crate::string_enum;

string_enum! {
    /// The state of a claim (R15), without the data that belongs to it.
    pub enum StateKind, "the state of a claim" {
        /// The draft.
        Editing = "EDITING",
        /// The deleted draft.
        Deleted = "DELETED",
        /// Waiting for the review to start.
        Submitted = "SUBMITTED",
        /// In review.
        UnderReview = "UNDER_REVIEW",
        /// Waiting for the partner.
        PartnerActionRequired = "PARTNER_ACTION_REQUIRED",
        /// Approved.
        Approved = "APPROVED",
        /// Rejected.
        Rejected = "REJECTED",
        /// In review on a dispute.
        Disputed = "DISPUTED",
    }
}

impl StateKind {
    /// Returns whether the lines of a claim in this state are live. R38: the company cannot claim a
    /// live line again. Lines are live while the claim is open for review or approved.
    #[must_use]
    pub const fn has_live_lines(self) -> bool {
        match self {
            Self::Submitted | Self::UnderReview | Self::PartnerActionRequired | Self::Approved | Self::Disputed => true,
            Self::Editing | Self::Deleted | Self::Rejected => false,
        }
    }
}
