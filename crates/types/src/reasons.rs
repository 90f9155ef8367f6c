//! Why a claim was sent back, rejected or withdrawn.

use crate::words::words;

words! {
    /// What a reviewer asks the partner to mend (R30).
    pub enum PartnerActionReason, "a reason for partner action" {
        /// All proof of execution is missing: wrong or unrelated file.
        PoeMissing = "poe_missing",
        /// The customer's acknowledgement is missing: no signature.
        CustomerAcknowledgementMissing = "customer_acknowledgement_missing",
        /// Dates are missing, or old in relation to the claim.
        DatesMissingOrOld = "dates_missing_or_old",
        /// The partner's solution or service is missing or insufficiently described.
        ServiceInsufficientlyDescribed = "service_insufficiently_described",
        /// Products are missing.
        ProductsMissing = "products_missing",
    }
}

words! {
    /// The one reason that a rejection is due to (R31).
    pub enum PrimaryRejection, "a primary rejection reason" {
        /// The partner withdrew. Final.
        PartnerRequest = "partner_request",
        /// The customer declined.
        CustomerDeclined = "customer_declined",
        /// The proof of execution does not do.
        InsufficientPoe = "insufficient_poe",
        /// The last line was awarded to another company's claim (R27a).
        LostToCompetingClaim = "lost_to_competing_claim",
    }
}

impl PrimaryRejection {
    /// Whether a reviewer may give this reason (R31); the others follow from what somebody else did.
    #[must_use]
    pub const fn is_open_to_reviewers(self) -> bool {
        match self {
            Self::InsufficientPoe => true,
            Self::PartnerRequest | Self::CustomerDeclined | Self::LostToCompetingClaim => false,
        }
    }
}

words! {
    /// What else a rejection is due to (R32).
    pub enum FurtherRejection, "a further rejection reason" {
        /// The proof of execution lacks the customer's consent.
        CustomerConsentMissing = "customer_consent_missing",
        /// Products are missing.
        ProductsMissing = "products_missing",
        /// The partner did not respond in time (R22).
        NoPartnerResponse = "no_partner_response",
        /// The proof of execution is not available.
        PoeNotAvailable = "poe_not_available",
    }
}

words! {
    /// Why a partner takes a claim back (R25).
    pub enum WithdrawReason, "a reason for withdrawal" {
        /// Claimed for the wrong location.
        WrongMpnId = "wrong_mpn_id",
        /// Claimed for the wrong activity.
        WrongActivity = "wrong_activity",
        /// The partner no longer works with the customer.
        NoLongerWorksWithCustomer = "no_longer_works_with_customer",
        /// Something else, said in words beside it.
        Other = "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r31_reviewers_may_reject_for_insufficient_poe_alone() {
        let open: Vec<_> = PrimaryRejection::ALL.iter().filter(|reason| reason.is_open_to_reviewers()).collect();
        assert_eq!(open, [&PrimaryRejection::InsufficientPoe]);
    }
}
