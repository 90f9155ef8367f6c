//! The reasons for which a claim is returned to the partner, rejected or withdrawn.

use crate::string_enum;

string_enum! {
    /// The reason of a request for partner action (R30).
    pub enum PartnerActionReason, "a reason for partner action" {
        /// All proof of execution is missing: the file is wrong or unrelated.
        PoeMissing = "poe_missing",
        /// The customer's acknowledgement is missing: the document has no signature.
        CustomerAcknowledgementMissing = "customer_acknowledgement_missing",
        /// Dates are missing, or are old in relation to the claim.
        DatesMissingOrOld = "dates_missing_or_old",
        /// The partner's solution or service is missing or insufficiently described.
        ServiceInsufficientlyDescribed = "service_insufficiently_described",
        /// Products are missing.
        ProductsMissing = "products_missing",
    }
}

string_enum! {
    /// The primary reason of a rejection (R31).
    pub enum PrimaryRejectionReason, "a primary rejection reason" {
        /// The partner withdrew the claim. Such a rejection is final.
        PartnerRequest = "partner_request",
        /// The customer declined.
        CustomerDeclined = "customer_declined",
        /// The proof of execution is insufficient.
        InsufficientPoe = "insufficient_poe",
        /// The last line of the claim (a claimed workload or subscription) was awarded to a claim
        /// of another company (R27a).
        LostToCompetingClaim = "lost_to_competing_claim",
        /// The customer's mail system accepted no mail about the claim in time after the approval
        /// (R41a).
        CustomerNotReached = "customer_not_reached",
    }
}

impl PrimaryRejectionReason {
    /// Returns whether a reviewer may give this reason (R31). The other reasons are set by the
    /// system after an action of the partner, the customer or a review lead, or when time passes.
    #[must_use]
    pub const fn is_open_to_reviewers(self) -> bool {
        match self {
            Self::InsufficientPoe => true,
            Self::PartnerRequest | Self::CustomerDeclined | Self::LostToCompetingClaim | Self::CustomerNotReached => {
                false
            }
        }
    }
}

string_enum! {
    /// A further reason of a rejection (R32).
    pub enum FurtherRejectionReason, "a further rejection reason" {
        /// The proof of execution lacks the consent of the customer.
        CustomerConsentMissing = "customer_consent_missing",
        /// Products are missing.
        ProductsMissing = "products_missing",
        /// The partner did not respond in time (R22).
        NoPartnerResponse = "no_partner_response",
        /// The proof of execution is not available.
        PoeNotAvailable = "poe_not_available",
    }
}

string_enum! {
    /// The reason of a withdrawal (R25).
    pub enum WithdrawReason, "a reason for withdrawal" {
        /// The claim names the wrong MPN (Microsoft Partner Network) id, so the wrong location of
        /// the partner.
        WrongMpnId = "wrong_mpn_id",
        /// The claim contains the wrong activity.
        WrongActivity = "wrong_activity",
        /// The partner no longer works with the customer.
        NoLongerWorksWithCustomer = "no_longer_works_with_customer",
        /// Another reason, which the partner explains in a text.
        Other = "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r31_reviewers_may_only_give_insufficient_poe() {
        let open: Vec<_> = PrimaryRejectionReason::ALL.iter().filter(|reason| reason.is_open_to_reviewers()).collect();
        assert_eq!(open, [&PrimaryRejectionReason::InsufficientPoe]);
    }
}
