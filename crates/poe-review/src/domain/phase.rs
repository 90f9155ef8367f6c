//! The phase of a case: its state without the data of the state.

/// A phase of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The case waits for the start of its review, with or without a reviewer.
    Waiting,
    /// The reviewer examines the claim.
    UnderReview,
    /// The case waits for the partner's resubmission.
    PartnerActionRequired,
    /// The reviewer has approved, and the registry is being asked to hold the lines: to reserve the
    /// claimed workloads or subscriptions for the partner.
    Approving,
    /// The case is approved, and the registry holds its lines.
    Approved,
    /// The reviewer has rejected the claim.
    Rejected,
    /// The claim was closed without a reviewer's decision, or a review lead awarded the last of its
    /// workloads and subscriptions to a competing claim.
    Closed,
}

impl Phase {
    /// All phases, in the order of a review.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::UnderReview,
        Self::PartnerActionRequired,
        Self::Approving,
        Self::Approved,
        Self::Rejected,
        Self::Closed,
    ];

    /// Returns the stable name that the database and error messages use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::UnderReview => "under_review",
            Self::PartnerActionRequired => "partner_action_required",
            Self::Approving => "approving",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Closed => "closed",
        }
    }

    /// Returns whether the case is approved. The registry holds its lines until they end.
    #[must_use]
    pub const fn is_approved(self) -> bool {
        match self {
            Self::Approved => true,
            Self::Waiting
            | Self::UnderReview
            | Self::PartnerActionRequired
            | Self::Approving
            | Self::Rejected
            | Self::Closed => false,
        }
    }

    /// Returns whether the case still needs a decision. The clocks of a case can run only while it
    /// is open.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Waiting | Self::UnderReview | Self::PartnerActionRequired | Self::Approving => true,
            Self::Approved | Self::Rejected | Self::Closed => false,
        }
    }
}
