//! The facts that an assessment is based on (R52): the association, its lines, the partner, and the
//! stored usage. An association is *official* while the partner is on record. A *line* is the part
//! of a claim that is about one workload or subscription of the tenant (its *key*). The registry
//! reports the facts, except usage, in events. Its data about partners and customers is called the
//! directory.

use std::collections::BTreeMap;

use super::usage::Measures;
use cpor_types::{
    Activity, AssociationKey, ClaimName, LineId, Month, PartnerId, ProductId, Program, SolutionArea, SubscriptionId,
    TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};

/// The facts about an official association and its claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AssociationFacts {
    pub(crate) claim: ClaimRef,
    pub(crate) tenant: TenantId,
    pub(crate) tenant_region: String,
    pub(crate) solution_area: SolutionArea,
    pub(crate) activities: Vec<Activity>,
    pub(crate) lines: Vec<LineFacts>,
    pub(crate) partner: PartnerFacts,
    /// The time at which the claim was submitted.
    pub(crate) submit_time: Timestamp,
    /// The time at which the association became official.
    pub(crate) official_time: Timestamp,
}

/// The identity of a claim: its partner and its id. The stored form of a [`ClaimName`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimRef {
    pub(crate) partner: PartnerId,
    pub(crate) claim: cpor_types::ClaimId,
}

impl From<ClaimName> for ClaimRef {
    fn from(name: ClaimName) -> Self {
        Self { partner: name.partner, claim: name.claim }
    }
}

impl ClaimRef {
    pub(crate) fn name(&self) -> ClaimName {
        ClaimName { partner: self.partner.clone(), claim: self.claim }
    }
}

/// The facts about one line of a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LineFacts {
    pub(crate) line: LineId,
    pub(crate) key: AssociationKey,
    pub(crate) product: ProductId,
    /// Whether partners are paid for the product, or only recognised as on record for it (R9). The
    /// product catalog of the assessed month overrides this value.
    pub(crate) is_incentivized: bool,
    /// The subscription that the line claims; `None` if the line claims a workload.
    pub(crate) subscription: Option<SubscriptionFacts>,
    /// The time at which the association of this line ended, and the reason; `None` while it is
    /// official. The lines of a claim become official together, and each can end alone.
    #[serde(default, rename = "ended")]
    pub(crate) end: Option<AssociationEnd>,
}

/// The time and the reason of an association's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AssociationEnd {
    pub(crate) time: Timestamp,
    /// The reason as the registry reported it, for example `declined`.
    pub(crate) reason: String,
}

impl LineFacts {
    /// Returns whether the line's usage of a month is credited to the partner. It is credited if
    /// the association was official from the first to the last instant of the month (R50).
    pub(crate) fn is_credited(&self, official_time: Timestamp, month: Month) -> bool {
        let is_associated_until_end = self.end.as_ref().is_none_or(|end| month.end() <= end.time);
        is_associated_until_end && month >= Month::first_full_month_after(official_time)
    }
}

/// The facts about a subscription. Status and channel are names that the registry defines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SubscriptionFacts {
    pub(crate) id: SubscriptionId,
    /// The status, for example `active`, `in_grace` or `expired`.
    pub(crate) status: String,
    /// The channel through which the subscription was bought, for example `web_direct`.
    pub(crate) channel: String,
    pub(crate) purchase_time: Timestamp,
    pub(crate) end_time: Option<Timestamp>,
}

/// The facts about the partner of a claim and about the location in the claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartnerFacts {
    /// The Microsoft Partner Network (MPN) id of the location.
    pub(crate) mpn_id: String,
    pub(crate) location_region: String,
    pub(crate) enrollments: Vec<Enrollment>,
}

impl PartnerFacts {
    /// Returns the programs that the partner is enrolled in at a time.
    pub(crate) fn enrolled_programs(&self, time: Timestamp) -> impl Iterator<Item = Program> + '_ {
        self.enrollments.iter().filter(move |enrollment| enrollment.covers(time)).map(|enrollment| enrollment.program)
    }
}

/// A partner with all its locations, as the directory last reported it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartnerRecord {
    /// The region of each location, by MPN id.
    pub(crate) regions: BTreeMap<String, String>,
    pub(crate) enrollments: Vec<Enrollment>,
}

impl PartnerRecord {
    /// Returns the current facts about the partner for a claim whose facts were `previous` until
    /// now. A location that the partner no longer has keeps its region, because a claim keeps its
    /// location (R2a).
    pub(crate) fn updated_facts(&self, previous: &PartnerFacts) -> PartnerFacts {
        let region = self.regions.get(&previous.mpn_id).unwrap_or(&previous.location_region);
        PartnerFacts {
            mpn_id: previous.mpn_id.clone(),
            location_region: region.clone(),
            enrollments: self.enrollments.clone(),
        }
    }
}

/// Whether partners are paid for each product, in one version of the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct CatalogFacts(pub(crate) BTreeMap<ProductId, bool>);

/// A version of the catalog, which is in force from a time until the next version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CatalogVersion {
    pub(crate) start_time: Timestamp,
    pub(crate) facts: CatalogFacts,
}

/// An enrollment of a partner in a program, from `start_time` until `end_time`, exclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Enrollment {
    pub(crate) program: Program,
    pub(crate) start_time: Timestamp,
    pub(crate) end_time: Option<Timestamp>,
}

impl Enrollment {
    /// Returns whether the partner is enrolled at a time.
    fn covers(&self, time: Timestamp) -> bool {
        self.start_time <= time && self.end_time.is_none_or(|end| time < end)
    }
}

/// The usage of a key in one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MonthlyUsage {
    pub(crate) month: Month,
    pub(crate) measures: Measures,
}

/// The stored usage of each key, in the order of the months.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UsageByKey(pub(crate) BTreeMap<AssociationKey, Vec<MonthlyUsage>>);

impl UsageByKey {
    /// Returns the stored months of a key up to and including `last`.
    pub(crate) fn months_until(&self, key: &AssociationKey, last: Month) -> &[MonthlyUsage] {
        let months = self.0.get(key).map(Vec::as_slice).unwrap_or_default();
        &months[..months.partition_point(|usage| usage.month <= last)]
    }

    /// Returns the measures of a key in a month, or `None` if no usage is stored for it.
    pub(crate) fn measures_in(&self, key: &AssociationKey, month: Month) -> Option<Measures> {
        self.months_until(key, month).last().filter(|usage| usage.month == month).map(|usage| usage.measures)
    }
}

/// The two values of active usage from which growth is calculated (R53).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UsageGrowth {
    /// Active usage in the month of the official time, or in the last stored month before it.
    pub(crate) baseline: Option<i64>,
    /// Active usage in the latest stored month that is credited: a full month after the official
    /// time (R50).
    pub(crate) latest: Option<i64>,
}

impl UsageGrowth {
    /// Finds both values among the stored months of a key.
    pub(crate) fn since(official_time: Timestamp, months: &[MonthlyUsage]) -> Self {
        let official_month = Month::containing(official_time);
        let first_credited = Month::first_full_month_after(official_time);
        let last_active_usage = |is_eligible: &dyn Fn(Month) -> bool| {
            let usage = months.iter().rev().find(|usage| is_eligible(usage.month));
            usage.map(|usage| usage.measures.active_usage())
        };
        Self {
            baseline: last_active_usage(&|month| month <= official_month),
            latest: last_active_usage(&|month| month >= first_credited && month > official_month),
        }
    }
}
