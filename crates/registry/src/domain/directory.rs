//! What directory sync tells of partners and customers (R1, R2). Values only; they change by import alone.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{AssociationKey, DomainName, MpnId, ProductId, Program, SubscriptionId, Timestamp};
use serde::{Deserialize, Serialize};

use super::words::words;

/// What the directory says of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TenantDirectory {
    pub(crate) profile: TenantProfile,
    pub(crate) subscriptions: BTreeMap<SubscriptionId, Subscription>,
    /// The workloads in use.
    pub(crate) workloads: BTreeSet<ProductId>,
}

impl TenantDirectory {
    /// Whether the tenant uses or has bought it.
    pub(crate) fn has(&self, key: &AssociationKey) -> bool {
        match key {
            AssociationKey::Workload(product) => self.workloads.contains(product),
            AssociationKey::Subscription(id) => self.subscriptions.contains_key(id),
        }
    }
}

/// A customer without what it has bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TenantProfile {
    pub(crate) display_name: String,
    pub(crate) region: String,
    pub(crate) calendar: String,
    /// Each belongs to one tenant.
    pub(crate) domains: BTreeSet<DomainName>,
}

impl TenantProfile {
    /// Whether the domain, as somebody typed it, is the tenant's.
    pub(crate) fn owns(&self, domain: &str) -> bool {
        domain.trim().trim_end_matches('.').parse().is_ok_and(|domain: DomainName| self.domains.contains(&domain))
    }
}

/// A subscription of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) product: ProductId,
    pub(crate) status: SubscriptionStatus,
    pub(crate) channel: PurchaseChannel,
    pub(crate) purchase_time: Timestamp,
    /// `None` is open-ended.
    pub(crate) end_time: Option<Timestamp>,
    /// When the grace after its end is over, as configured when it was imported (R39).
    pub(crate) expire_time: Option<Timestamp>,
}

words! {
    /// Where a subscription stands.
    SubscriptionStatus {
        Active = "active",
        /// Ended, still usable for a while.
        InGrace = "in_grace",
        Expired = "expired",
        NotProvisioned = "not_provisioned",
        Suspended = "suspended",
    }
}

words! {
    /// How a subscription was bought (R6, R8).
    PurchaseChannel {
        VolumeLicensing = "volume_licensing",
        WebDirect = "web_direct",
        Csp = "csp",
    }
}

/// What the directory says of a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartnerProfile {
    pub(crate) display_name: String,
    /// By MPN id; each id belongs to one partner.
    pub(crate) locations: BTreeMap<MpnId, Location>,
    pub(crate) enrolments: Vec<Enrolment>,
}

/// A location of a partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Location {
    pub(crate) region: String,
    pub(crate) calendar: String,
}

/// A partner's enrolment in a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Enrolment {
    pub(crate) program: Program,
    pub(crate) start_time: Timestamp,
    /// Exclusive; `None` is open-ended.
    pub(crate) end_time: Option<Timestamp>,
}
