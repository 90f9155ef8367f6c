//! The roles of users.

use crate::ActorSide;
use crate::string_enum;

string_enum! {
    /// A role of a user (R4, R5). The API declares the roles that may call each method.
    pub enum Role, "a role" {
        /// A partner role that may do everything on claims of the user's company.
        GlobalAdmin = "global_admin",
        /// A partner role that may do everything on claims of the user's company.
        BillingAdmin = "billing_admin",
        /// A partner role that may do everything on claims of the user's company.
        IncentivesAdmin = "incentives_admin",
        /// A partner role that may view claims, create, edit and delete drafts, and add evidence
        /// and comments, but may not submit, resubmit, edit after the submission, withdraw or
        /// dispute.
        IncentivesUser = "incentives_user",
        /// A role of vendor staff who review claims. It acts for the side `Reviewer`.
        PoeReviewer = "poe_reviewer",
        /// A role of vendor staff who assign reviews. It may do everything that the reviewer of a
        /// case may do, and acts for the side `Reviewer`.
        ReviewLead = "review_lead",
        /// A vendor role that manages program guides and eligibility.
        ProgramManager = "program_manager",
        /// A vendor role that imports the directory and usage.
        DirectorySync = "directory_sync",
        /// A vendor role that operates the system. It sees no evidence, and personal data only in
        /// masked form.
        Operator = "operator",
        /// The customer role. It sees the claims about its own tenant, and may approve or decline
        /// them.
        CustomerAdmin = "customer_admin",
    }
}

impl Role {
    /// Returns the side for which a user with this role acts.
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
        let roles_of = |side| Role::ALL.iter().copied().filter(|role| role.side() == side).collect::<Vec<_>>();
        let partner = [Role::GlobalAdmin, Role::BillingAdmin, Role::IncentivesAdmin, Role::IncentivesUser];
        assert_eq!(roles_of(ActorSide::Partner), partner);
        assert_eq!(roles_of(ActorSide::Reviewer), [Role::PoeReviewer, Role::ReviewLead]);
        assert_eq!(roles_of(ActorSide::Vendor), [Role::ProgramManager, Role::DirectorySync, Role::Operator]);
        assert_eq!(roles_of(ActorSide::Customer), [Role::CustomerAdmin]);
        // Deadlines and the system act without a user, so no role belongs to their sides.
        assert_eq!((roles_of(ActorSide::Time), roles_of(ActorSide::System)), (vec![], vec![]));
    }
}
