//! The states of a claim.
use crate::string_enum;

string_enum! {
    /// The state of a claim (R15), without the data that belongs to it.
    pub enum ClaimStateKind, "the state of a claim" {
        /// The claim is a draft.
        Editing = "EDITING",
        /// The claim is a draft that was deleted.
        Deleted = "DELETED",
        /// The claim waits for its review to start.
        Submitted = "SUBMITTED",
        /// The claim is in review.
        UnderReview = "UNDER_REVIEW",
        /// The claim waits for the partner to answer a reviewer's request.
        PartnerActionRequired = "PARTNER_ACTION_REQUIRED",
        /// The claim is approved.
        Approved = "APPROVED",
        /// The claim is rejected.
        Rejected = "REJECTED",
        /// The partner disputed the rejection, and the claim is in review again.
        Disputed = "DISPUTED",
    }
}

impl ClaimStateKind {
    /// Returns whether the lines (the claimed workloads and subscriptions) of a claim in this state
    /// are live, which is so from submission until rejection. A company cannot claim the workload
    /// or subscription of a live line for the same activity again (R38).
    #[must_use]
    pub const fn has_live_lines(self) -> bool {
        match self {
            Self::Submitted | Self::UnderReview | Self::PartnerActionRequired | Self::Approved | Self::Disputed => true,
            Self::Editing | Self::Deleted | Self::Rejected => false,
        }
    }
}
