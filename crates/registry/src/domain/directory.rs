//! The directory: the data about partners and customers (R1, R2). Only an import by a user with the
//! role `directory_sync` changes it.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{AssociationKey, DomainName, MpnId, ProductId, Program, SubscriptionId, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use cpor_types::{PurchaseChannel, SubscriptionStatus};

/// The directory data of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TenantDirectory {
    pub(crate) profile: TenantProfile,
    pub(crate) subscriptions: BTreeMap<SubscriptionId, Subscription>,
    /// The workloads that the tenant uses.
    pub(crate) workloads: BTreeSet<ProductId>,
}

impl TenantDirectory {
    /// Returns whether the tenant has this workload or subscription.
    pub(crate) fn has_key(&self, key: &AssociationKey) -> bool {
        match key {
            AssociationKey::Workload(product) => self.workloads.contains(product),
            AssociationKey::Subscription(id) => self.subscriptions.contains_key(id),
        }
    }
}

/// The properties of a tenant, without its subscriptions and workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TenantProfile {
    pub(crate) display_name: String,
    /// The region, for example `emea`.
    pub(crate) region: String,
    /// The id of the calendar that the tenant's deadlines use.
    pub(crate) calendar: String,
    /// The domains of the tenant. A domain belongs to at most one tenant.
    pub(crate) domains: BTreeSet<DomainName>,
}

impl TenantProfile {
    /// Returns whether the domain belongs to the tenant. The text is what a user entered:
    /// surrounding blanks, a final dot and upper case are accepted.
    pub(crate) fn owns_domain(&self, entered: &str) -> bool {
        cpor_types::trim_blanks(entered).parse().is_ok_and(|domain: DomainName| self.domains.contains(&domain))
    }
}

/// A subscription of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) product: ProductId,
    pub(crate) status: SubscriptionStatus,
    pub(crate) channel: PurchaseChannel,
    pub(crate) purchase_time: Timestamp,
    /// The end of the subscription, or `None` when it is open-ended.
    pub(crate) end_time: Option<Timestamp>,
    /// The end of the grace period, in which the subscription still counts as active (R39):
    /// `end_time` plus the grace period that was configured at the import.
    pub(crate) expire_time: Option<Timestamp>,
}

/// The directory data of one partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartnerProfile {
    pub(crate) display_name: String,
    /// The locations by Microsoft Partner Network (MPN) id. An MPN id belongs to at most one
    /// partner.
    pub(crate) locations: BTreeMap<MpnId, Location>,
    pub(crate) enrollments: Vec<Enrollment>,
}

/// A location of a partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Location {
    /// The region, for example `emea`.
    pub(crate) region: String,
    /// The id of the calendar that the location's deadlines use.
    pub(crate) calendar: String,
}

/// A partner's enrollment in an incentive program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Enrollment {
    pub(crate) program: Program,
    pub(crate) start_time: Timestamp,
    /// The exclusive end of the enrollment, or `None` when it is open-ended.
    pub(crate) end_time: Option<Timestamp>,
}
