//! The reasons why the registry refuses a claim or a hold, which is the reservation of a claim's
//! workloads and subscriptions (its keys) for its partner.
use cpor_proto::registry::v1::ErrorReason;

/// Declares the enum `RegistryReason` with the variants of `ErrorReason` that have the same names.
macro_rules! reasons {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        /// The reason why the registry refuses a claim or a hold. The variants are those values of
        /// `cpor.registry.v1.ErrorReason` that concern a claim.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RegistryReason {
            $($(#[$meta])* $name,)*
        }

        impl RegistryReason {
            /// All reasons, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the value of the API's enum.
            const fn to_wire(self) -> ErrorReason {
                match self { $(Self::$name => ErrorReason::$name,)* }
            }
        }
    };
}

reasons! {
    /// The MPN (Microsoft Partner Network) id does not belong to a location of the partner.
    LocationNotOfPartner,
    /// The tenant id is not a UUID.
    TenantIdMalformed,
    /// The registry does not know the tenant.
    TenantUnknown,
    /// The domain does not belong to the tenant.
    DomainNotOfTenant,
    /// The product is not in the catalog.
    ProductUnknown,
    /// The product cannot be claimed at this time.
    ProductNotClaimable,
    /// The product belongs to another solution area.
    ProductOfOtherSolutionArea,
    /// The tenant does not have the product.
    ProductNotOnTenant,
    /// The subscription id is not a UUID.
    SubscriptionIdMalformed,
    /// The tenant does not have the subscription.
    SubscriptionNotOnTenant,
    /// The subscription is for another product.
    SubscriptionOfOtherProduct,
    /// The subscription is not for Business Applications.
    SubscriptionNotBusinessApplications,
    /// The subscription was bought through CSP (Cloud Solution Provider), so the co-op claims
    /// process applies.
    SubscriptionBoughtThroughCsp,
    /// The subscription has not been activated or provisioned yet.
    SubscriptionNotProvisioned,
    /// The subscription has expired.
    SubscriptionExpired,
    /// The vendor has suspended the subscription.
    SubscriptionSuspended,
    /// A subscription id is required, because the tenant has several claimable subscriptions of the
    /// product.
    SubscriptionIdRequired,
    /// A subscription id is not allowed, because a workload has no subscription.
    SubscriptionIdNotAllowed,
    /// Another company holds the key (R36), or a review lead has awarded the key to another company
    /// (R37).
    KeyHeld,
    /// The claim, or the review case that requested the hold, is closed.
    ClaimClosed,
}

impl RegistryReason {
    /// Returns the name that the API uses, for example `KEY_HELD`. It never changes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.to_wire().as_str_name()
    }

    /// Returns the reason with this name in the API, if it concerns a claim.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
    }

    /// Returns the reason for a value of the API's enum, if it concerns a claim.
    pub(crate) fn from_wire(reason: ErrorReason) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.to_wire() == reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_api() {
        assert_eq!(RegistryReason::KeyHeld.as_str(), "KEY_HELD");
        assert_eq!(RegistryReason::SubscriptionBoughtThroughCsp.as_str(), "SUBSCRIPTION_BOUGHT_THROUGH_CSP");
        for reason in RegistryReason::ALL {
            assert_eq!(RegistryReason::from_name(reason.as_str()), Some(*reason));
            assert_eq!(RegistryReason::from_wire(reason.to_wire()), Some(*reason));
        }
        assert_eq!(RegistryReason::from_wire(ErrorReason::MpnIdTaken), None);
    }
}
