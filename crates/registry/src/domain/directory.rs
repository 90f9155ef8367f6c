//! The directory: the data about partners and customers (R1, R2). Only an import by a user with the
//! role `directory_sync` changes it.
use std::collections::{BTreeMap, BTreeSet};

use cpor_types::{AssociationKey, DomainName, MailLanguage, MpnId, ProductId, Program, SubscriptionId, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use cpor_types::{PurchaseChannel, SubscriptionStatus};

/// The directory data of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TenantDirectory {
    pub(crate) profile: TenantProfile,
    pub(crate) subscriptions: BTreeMap<SubscriptionId, Subscription>,
    /// The workloads that the tenant uses or has used. The value is the end of the use (R2a), or
    /// `None` when no end is known.
    pub(crate) workloads: BTreeMap<ProductId, Option<Timestamp>>,
}

impl TenantDirectory {
    /// Returns whether the tenant uses this workload at `now`.
    pub(crate) fn uses_workload(&self, product: &ProductId, now: Timestamp) -> bool {
        self.workloads.get(product).is_some_and(|end| !has_ended(*end, now))
    }

    /// Returns whether the tenant has or had this workload or subscription.
    pub(crate) fn has_key(&self, key: &AssociationKey) -> bool {
        match key {
            AssociationKey::Workload(product) => self.workloads.contains_key(product),
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
    /// The ends of those domains whose end is known (R2a). After its end a domain cannot be named
    /// in a claim, but it belongs to the tenant until an import leaves it out.
    pub(crate) domain_ends: BTreeMap<DomainName, Timestamp>,
}

impl TenantProfile {
    /// Returns whether the domain belongs to the tenant and has not ended at `now`. The text is
    /// what a user entered: surrounding blanks, a final dot and upper case are accepted.
    pub(crate) fn owns_domain(&self, entered: &str, now: Timestamp) -> bool {
        let is_owned = |domain: DomainName| {
            self.domains.contains(&domain) && !has_ended(self.domain_ends.get(&domain).copied(), now)
        };
        cpor_types::trim_blanks(entered).parse().is_ok_and(is_owned)
    }

    /// Returns the profile without the domains that have ended at `now`. A contact whose address is
    /// at such a domain does not speak for the tenant (R43a).
    pub(crate) fn with_open_domains(&self, now: Timestamp) -> Self {
        let mut profile = self.clone();
        profile.domain_ends.retain(|_, end| !has_ended(Some(*end), now));
        profile.domains.retain(|domain| !has_ended(self.domain_ends.get(domain).copied(), now));
        profile
    }
}

/// Returns whether `end` has been reached at `now`. False for `None`, an end that is not known.
fn has_ended(end: Option<Timestamp>, now: Timestamp) -> bool {
    end.is_some_and(|end| end <= now)
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
    /// `end_time` plus the grace period that was configured at the import. For a subscription that
    /// was reported as expired before that, it is the time of the report. `None` if no end is
    /// known.
    pub(crate) expire_time: Option<Timestamp>,
}

impl Subscription {
    /// Returns the subscription as it is stored when it is imported at `now`. The status EXPIRED
    /// says that the subscription has ended, for example because it was cancelled, even if its end
    /// was planned for later or is not known. It then ends with the first report of this status.
    /// Later reports do not move the end, even after the planned end.
    pub(super) fn expired_by(self, now: Timestamp, previous: Option<&Self>) -> Self {
        if self.status != SubscriptionStatus::Expired {
            return self;
        }
        let reported = previous.filter(|previous| previous.status == SubscriptionStatus::Expired);
        let known_ends = [self.expire_time, reported.and_then(|previous| previous.expire_time)];
        Self { expire_time: Some(known_ends.into_iter().flatten().fold(now, Timestamp::min)), ..self }
    }
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

impl PartnerProfile {
    /// Returns the location with this MPN id, unless the partner has none or it has ended.
    pub(crate) fn open_location(&self, mpn_id: &MpnId, now: Timestamp) -> Option<&Location> {
        self.locations.get(mpn_id).filter(|location| !has_ended(location.end_time, now))
    }
}

/// A place of business of a partner, which has its own MPN id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Location {
    /// The region, for example `emea`.
    pub(crate) region: String,
    /// The id of the calendar that the location's deadlines use.
    pub(crate) calendar: String,
    /// The end of the location (R2a), or `None` when no end is known.
    pub(crate) end_time: Option<Timestamp>,
    /// The language of the mails about claims of the location, or `None` for the default language.
    pub(crate) language: Option<MailLanguage>,
}

/// A partner's enrollment in an incentive program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Enrollment {
    pub(crate) program: Program,
    pub(crate) start_time: Timestamp,
    /// The exclusive end of the enrollment, or `None` when it is open-ended.
    pub(crate) end_time: Option<Timestamp>,
}
