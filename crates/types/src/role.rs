use crate::ActorSide;
use crate::words::words;

words! {
    /// What a user may be (R4, R5). What each may do is declared beside the methods of the API.
    pub enum Role, "a role" {
        /// Partner: everything on the own company's claims.
        GlobalAdmin = "global_admin",
        /// Partner: everything on the own company's claims.
        BillingAdmin = "billing_admin",
        /// Partner: everything on the own company's claims.
        IncentivesAdmin = "incentives_admin",
        /// Partner: drafts, evidence and comments, but no submission, withdrawal or dispute.
        IncentivesUser = "incentives_user",
        /// Vendor: works a review.
        PoeReviewer = "poe_reviewer",
        /// Vendor: assigns, and may do whatever a claim's reviewer may.
        ReviewLead = "review_lead",
        /// Vendor: guides and eligibility.
        ProgramManager = "program_manager",
        /// Vendor: imports the directory and usage.
        DirectorySync = "directory_sync",
        /// Vendor: runs the system; sees no evidence, and personal data masked.
        Operator = "operator",
        /// Customer: sees the claims on its own tenant, and may approve or decline them.
        CustomerAdmin = "customer_admin",
    }
}

impl Role {
    /// The side that a user of this role acts for.
    #[must_use]
    pub const fn side(self) -> ActorSide {
        match self {
            Self::GlobalAdmin | Self::BillingAdmin | Self::IncentivesAdmin | Self::IncentivesUser => ActorSide::Partner,
            Self::PoeReviewer | Self::ReviewLead => ActorSide::Reviewer,
            Self::ProgramManager | Self::DirectorySync | Self::Operator => ActorSide::Vendor,
            Self::CustomerAdmin => ActorSide::Customer,
        }
    }
}
