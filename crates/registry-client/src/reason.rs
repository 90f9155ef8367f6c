//! The reasons for which the registry refuses a claim or a hold.
use cpor_proto::registry::v1::ErrorReason;

/// Declares the enum `Reason` with the variants of `ErrorReason` that have the same names.
macro_rules! reasons {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        /// Why the registry refuses a claim or a hold: those values of
        /// `cpor.registry.v1.ErrorReason` that concern a claim.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[$meta])* $name,)*
        }

        impl Reason {
            /// All reasons.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The value of the API's enum.
            const fn to_wire(self) -> ErrorReason {
                match self { $(Self::$name => ErrorReason::$name,)* }
            }
        }
    };
}

reasons! {
    /// The MPN id does not belong to a location of the partner.
    LocationNotOfPartner,
    /// The tenant id is not a UUID.
    TenantIdMalformed,
    /// The tenant is not in the directory.
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
    /// The subscription was bought through CSP, so the co-op claims process applies.
    SubscriptionBoughtThroughCsp,
    /// The subscription has not been activated or provisioned yet.
    SubscriptionNotProvisioned,
    /// The subscription has expired.
    SubscriptionExpired,
    /// The subscription is suspended.
    SubscriptionSuspended,
    /// A subscription id is required, because the tenant has several claimable subscriptions of the
    /// product.
    SubscriptionIdRequired,
    /// A subscription id is not allowed, because a workload has no subscription.
    SubscriptionIdNotAllowed,
    /// Another company holds the key (R36).
    KeyHeld,
    /// The claim is closed, or the review case that requested the hold is.
    ClaimClosed,
}

impl Reason {
    /// The name in the API, for example `KEY_HELD`. It never changes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.to_wire().as_str_name()
    }

    /// The reason with this name in the API, if it concerns a claim.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
    }

    /// The reason for a value of the API's enum, if it concerns a claim.
    pub(crate) fn from_wire(reason: ErrorReason) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.to_wire() == reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_api() {
        assert_eq!(Reason::KeyHeld.as_str(), "KEY_HELD");
        assert_eq!(Reason::SubscriptionBoughtThroughCsp.as_str(), "SUBSCRIPTION_BOUGHT_THROUGH_CSP");
        for reason in Reason::ALL {
            assert_eq!(Reason::from_name(reason.as_str()), Some(*reason));
            assert_eq!(Reason::from_wire(reason.to_wire()), Some(*reason));
        }
        assert_eq!(Reason::from_wire(ErrorReason::MpnIdTaken), None);
    }
}
