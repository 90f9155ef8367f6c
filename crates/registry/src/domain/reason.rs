//! The reasons for which the registry refuses a claim, a hold (the reservation of a workload or
//! subscription), an award (the decision that a claim gets it), or the import of a legacy
//! association (one that was recorded before claims existed).
use serde::{Deserialize, Serialize};

/// The reason why a claim, a hold, an award or an imported association is refused.
///
/// Refused decisions are stored with their reasons, so the serialized names must never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Reason {
    LocationNotOfPartner,
    TenantIdMalformed,
    TenantUnknown,
    DomainNotOfTenant,
    ProductUnknown,
    ProductNotClaimable,
    ProductOfOtherSolutionArea,
    ProductNotOnTenant,
    SubscriptionIdMalformed,
    SubscriptionNotOnTenant,
    SubscriptionOfOtherProduct,
    SubscriptionNotBusinessApplications,
    /// The subscription was bought through a Cloud Solution Provider (CSP), for which another
    /// claims process exists (R6).
    SubscriptionBoughtThroughCsp,
    SubscriptionNotProvisioned,
    SubscriptionExpired,
    SubscriptionSuspended,
    SubscriptionIdRequired,
    SubscriptionIdNotAllowed,
    /// Another company holds the workload or subscription (R36), or it is reserved for another
    /// company's claim (R37).
    KeyHeld,
    /// The claim, or the review case that made the decision, is closed, so no workload or
    /// subscription can be reserved for it.
    ClaimClosed,
    /// The workload or subscription has already been awarded to another claim (R37).
    KeyHasSuccessor,
    /// The tenant does not have the workload or subscription.
    KeyUnknown,
    /// Legacy associations with Microsoft 365 workloads are not imported; they must be claimed anew
    /// (R58).
    AssociationMustBeClaimedAnew,
    /// Legacy associations with products of this family are not imported (R58).
    ProductFamilyNotImported,
}

impl Reason {
    /// Returns the reason as a sentence for users. It never reveals a competing partner (R4).
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::LocationNotOfPartner => "the MPN id must be that of a location of this partner",
            Self::TenantIdMalformed => "the tenant id must be a UUID",
            Self::TenantUnknown => "the tenant is not in the directory",
            Self::DomainNotOfTenant => "the domain must belong to the tenant",
            Self::ProductUnknown => "the product is not in the catalog",
            Self::ProductNotClaimable => "the product cannot be claimed at this time",
            Self::ProductOfOtherSolutionArea => "the product must belong to the solution area of the claim",
            Self::ProductNotOnTenant => "the tenant does not have this product",
            Self::SubscriptionIdMalformed => "the subscription id must be a UUID",
            Self::SubscriptionNotOnTenant => "the tenant does not have this subscription",
            Self::SubscriptionOfOtherProduct => "the subscription is for another product",
            Self::SubscriptionNotBusinessApplications => "the subscription must be for Business Applications",
            Self::SubscriptionBoughtThroughCsp => {
                "the subscription was bought through CSP; use the co-op claims process instead"
            }
            Self::SubscriptionNotProvisioned => "the subscription has not been activated or provisioned yet",
            Self::SubscriptionExpired => "the subscription has expired; it must be active or in its grace period",
            Self::SubscriptionSuspended => "the subscription is suspended; it must be active or in its grace period",
            Self::SubscriptionIdRequired => {
                "the subscription id is required: the tenant has several claimable subscriptions of this product"
            }
            Self::SubscriptionIdNotAllowed => "the subscription id must be empty: a workload has no subscription",
            Self::KeyHeld => "another partner holds this workload or subscription, or it was awarded to another claim",
            Self::ClaimClosed => "the claim is closed",
            Self::KeyHasSuccessor => "this workload or subscription was already awarded to another claim",
            Self::KeyUnknown => "the tenant does not have this workload or subscription",
            Self::AssociationMustBeClaimedAnew => {
                "associations with Microsoft 365 cannot be imported; they must be claimed anew"
            }
            Self::ProductFamilyNotImported => "only associations with Dynamics 365 and Power BI can be imported",
        }
    }
}
