//! Why the registry says no.
use serde::{Deserialize, Serialize};

/// What the directory, the catalog or a holder does not admit. Stored with refused decisions: names stay.
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
    SubscriptionBoughtThroughCsp,
    SubscriptionNotProvisioned,
    SubscriptionExpired,
    SubscriptionSuspended,
    SubscriptionIdRequired,
    SubscriptionIdNotAllowed,
    /// Another company holds the key (R36).
    KeyHeld,
    /// The claim is over: nothing is held for it any more.
    ClaimClosed,
    /// The key has been awarded to another claim already (R37).
    SuccessorExists,
    /// The tenant has no such workload or subscription.
    KeyUnknown,
    /// Associations of Microsoft 365 are not taken over from before there were claims (R58).
    MustBeClaimedAnew,
    /// Nor are those of this family.
    FamilyNotTakenOver,
}

impl Reason {
    /// The same in words, for whoever filled in the claim; never who a rival is (R4).
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::LocationNotOfPartner => "The MPN id is no location of this partner.",
            Self::TenantIdMalformed => "The tenant id must be a UUID.",
            Self::TenantUnknown => "The directory does not know this tenant.",
            Self::DomainNotOfTenant => "The domain does not belong to the tenant.",
            Self::ProductUnknown => "The catalog does not list this product.",
            Self::ProductNotClaimable => "The product cannot be claimed at this time.",
            Self::ProductOfOtherSolutionArea => "The product belongs to another solution area.",
            Self::ProductNotOnTenant => "The tenant does not have this product.",
            Self::SubscriptionIdMalformed => "The subscription id must be a UUID.",
            Self::SubscriptionNotOnTenant => "The tenant does not have this subscription.",
            Self::SubscriptionOfOtherProduct => "The subscription is of another product.",
            Self::SubscriptionNotBusinessApplications => "This is no subscription of Business Applications.",
            Self::SubscriptionBoughtThroughCsp => {
                "The subscription was bought through CSP; use the co-op claims process."
            }
            Self::SubscriptionNotProvisioned => "The subscription is not activated or provisioned yet.",
            Self::SubscriptionExpired => "The subscription has expired; it must be active or in grace.",
            Self::SubscriptionSuspended => "The subscription is suspended; it must be active or in grace.",
            Self::SubscriptionIdRequired => {
                "The tenant has several claimable subscriptions of this product: say which."
            }
            Self::SubscriptionIdNotAllowed => "A workload is claimed per tenant, without a subscription.",
            Self::KeyHeld => {
                "Another partner is on record for this workload or subscription, or it was awarded to one."
            }
            Self::ClaimClosed => "The claim was closed meanwhile.",
            Self::SuccessorExists => "This workload or subscription was awarded to another claim already.",
            Self::KeyUnknown => "The tenant has no such workload or subscription.",
            Self::MustBeClaimedAnew => "An association of Microsoft 365 must be claimed anew.",
            Self::FamilyNotTakenOver => "Only associations of Dynamics 365 and Power BI are taken over.",
        }
    }
}
