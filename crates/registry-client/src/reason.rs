//! Why the registry says no.
use cpor_proto::registry::v1::ErrorReason;

macro_rules! reasons {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        /// What the directory, the catalog or a holder does not admit: the values of
        /// `cpor.registry.v1.ErrorReason` that speak of a claim.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[$meta])* $name,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            const fn on_the_wire(self) -> ErrorReason {
                match self { $(Self::$name => ErrorReason::$name,)* }
            }
        }
    };
}

reasons! {
    /// The MPN id is no location of this partner.
    LocationNotOfPartner,
    /// The tenant id is no UUID.
    TenantIdMalformed,
    /// The directory does not know the tenant.
    TenantUnknown,
    /// The domain does not belong to the tenant.
    DomainNotOfTenant,
    /// The catalog does not list the product.
    ProductUnknown,
    /// The product cannot be claimed at this time.
    ProductNotClaimable,
    /// The product is of another solution area.
    ProductOfOtherSolutionArea,
    /// The tenant does not have the product.
    ProductNotOnTenant,
    /// The subscription id is no UUID.
    SubscriptionIdMalformed,
    /// The tenant does not have the subscription.
    SubscriptionNotOnTenant,
    /// The subscription is of another product.
    SubscriptionOfOtherProduct,
    /// It is no subscription of Business Applications.
    SubscriptionNotBusinessApplications,
    /// It was bought through CSP: the co-op claims process is the way.
    SubscriptionBoughtThroughCsp,
    /// It is not activated or provisioned yet.
    SubscriptionNotProvisioned,
    /// It has expired.
    SubscriptionExpired,
    /// It is suspended.
    SubscriptionSuspended,
    /// The tenant has several claimable subscriptions of the product.
    SubscriptionIdRequired,
    /// A workload is claimed without a subscription.
    SubscriptionIdNotAllowed,
    /// Another company holds the key (R36).
    KeyHeld,
    /// The claim was closed meanwhile.
    ClaimClosed,
}

impl Reason {
    /// The name that callers see, for example `KEY_HELD`; stable.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.on_the_wire().as_str_name()
    }

    /// The reason of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
    }

    pub(crate) fn from_wire(reason: ErrorReason) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.on_the_wire() == reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_contract_and_lead_back() {
        assert_eq!(Reason::KeyHeld.as_str(), "KEY_HELD");
        assert_eq!(Reason::SubscriptionBoughtThroughCsp.as_str(), "SUBSCRIPTION_BOUGHT_THROUGH_CSP");
        for reason in Reason::ALL {
            assert_eq!(Reason::from_name(reason.as_str()), Some(*reason));
            assert_eq!(Reason::from_wire(reason.on_the_wire()), Some(*reason));
        }
        assert_eq!(Reason::from_wire(ErrorReason::MpnIdTaken), None);
    }
}
