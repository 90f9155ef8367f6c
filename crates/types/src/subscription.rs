//! The status of a subscription, and how it was bought.

use crate::string_enum;

string_enum! {
    /// The status of a subscription, as the last import of partners and tenants reported it.
    pub enum SubscriptionStatus, "a subscription status" {
        /// The subscription is in use.
        Active = "active",
        /// The subscription has ended and is in its grace period, in which it still counts as
        /// active.
        InGrace = "in_grace",
        /// The subscription and its grace period have ended, or it ended without one, for example
        /// because it was cancelled.
        Expired = "expired",
        /// The subscription was bought, but is not activated yet.
        NotProvisioned = "not_provisioned",
        /// The vendor suspended the subscription.
        Suspended = "suspended",
    }
}

string_enum! {
    /// The channel through which a subscription was bought (R6, R8).
    pub enum PurchaseChannel, "a purchase channel" {
        /// Volume Licensing.
        VolumeLicensing = "volume_licensing",
        /// Web Direct.
        WebDirect = "web_direct",
        /// Cloud Solution Provider. Subscriptions bought through this channel cannot be claimed
        /// (R6).
        Csp = "csp",
    }
}
