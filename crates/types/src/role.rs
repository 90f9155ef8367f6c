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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r4_r5_each_role_acts_for_one_side() {
        let of = |side| Role::ALL.iter().copied().filter(|role| role.side() == side).collect::<Vec<_>>();
        let partner = [Role::GlobalAdmin, Role::BillingAdmin, Role::IncentivesAdmin, Role::IncentivesUser];
        assert_eq!(of(ActorSide::Partner), partner);
        assert_eq!(of(ActorSide::Reviewer), [Role::PoeReviewer, Role::ReviewLead]);
        assert_eq!(of(ActorSide::Vendor), [Role::ProgramManager, Role::DirectorySync, Role::Operator]);
        assert_eq!(of(ActorSide::Customer), [Role::CustomerAdmin]);
        // Nobody signs in as time or as the system.
        assert_eq!((of(ActorSide::Time), of(ActorSide::System)), (vec![], vec![]));
    }
}
