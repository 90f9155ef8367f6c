//! What an assessment looks at (R52).

use std::collections::BTreeMap;

use super::usage::Measures;
use cpor_types::{
    Activity, AssociationKey, ClaimName, LineId, Month, PartnerId, ProductId, Program, SolutionArea, SubscriptionId,
    TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};

/// Everything that is known when an association becomes official.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) claim: ClaimRef,
    pub(crate) tenant: TenantId,
    pub(crate) tenant_region: String,
    pub(crate) solution_area: SolutionArea,
    pub(crate) activities: Vec<Activity>,
    pub(crate) lines: Vec<Line>,
    pub(crate) partner: Partner,
    pub(crate) submit_time: Timestamp,
    pub(crate) official_time: Timestamp,
}

/// The claim, as its name spells it.
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

/// A line of the claim, with what the directory says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) line: LineId,
    pub(crate) key: AssociationKey,
    pub(crate) product: ProductId,
    /// Otherwise the product is recognition-only (R9).
    pub(crate) incentivised: bool,
    /// Absent for workloads.
    pub(crate) subscription: Option<Subscription>,
    /// Absent while its association lasts.
    #[serde(default)]
    pub(crate) ended: Option<Ended>,
}

/// An association is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) time: Timestamp,
    pub(crate) reason: String,
}

impl Line {
    /// Whether its association was official from a month's beginning to its end: usage counts for these months (R50).
    pub(crate) fn is_credited(&self, official: Timestamp, month: Month) -> bool {
        let lasted = self.ended.as_ref().is_none_or(|ended| month.end() <= ended.time);
        lasted && month >= Month::first_full_month_after(official)
    }
}

/// A subscription, in the registry's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) id: SubscriptionId,
    pub(crate) status: String,
    pub(crate) channel: String,
    pub(crate) purchase_time: Timestamp,
    pub(crate) end_time: Option<Timestamp>,
}

/// The partner and its location on the claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Partner {
    pub(crate) mpn_id: String,
    pub(crate) location_region: String,
    pub(crate) enrolments: Vec<Enrolment>,
}

impl Partner {
    /// The programs that it is enrolled in at a time.
    pub(crate) fn enrolled_at(&self, time: Timestamp) -> impl Iterator<Item = Program> + '_ {
        self.enrolments.iter().filter(move |enrolment| enrolment.covers(time)).map(|enrolment| enrolment.program)
    }
}

/// A partner as the directory last told of it, with all its locations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartnerRecord {
    /// Region of each location, by MPN id.
    pub(crate) regions: BTreeMap<String, String>,
    pub(crate) enrolments: Vec<Enrolment>,
}

impl PartnerRecord {
    /// The partner as a claim for one of its locations sees it. A location that is gone has no region.
    pub(crate) fn of_location(&self, mpn_id: &str) -> Partner {
        let location_region = self.regions.get(mpn_id).cloned().unwrap_or_default();
        Partner { mpn_id: mpn_id.to_owned(), location_region, enrolments: self.enrolments.clone() }
    }
}

/// An enrolment in a program, from a time until another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Enrolment {
    pub(crate) program: Program,
    pub(crate) start_time: Timestamp,
    pub(crate) end_time: Option<Timestamp>,
}

impl Enrolment {
    fn covers(&self, time: Timestamp) -> bool {
        self.start_time <= time && self.end_time.is_none_or(|end| time < end)
    }
}

/// What was measured of a key in one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MonthOfUse {
    pub(crate) month: Month,
    pub(crate) measures: Measures,
}

/// The stored months of each key, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UsageByKey(pub(crate) BTreeMap<AssociationKey, Vec<MonthOfUse>>);

impl UsageByKey {
    /// The stored months of a key, until a month, inclusive.
    pub(crate) fn until(&self, key: &AssociationKey, last: Month) -> &[MonthOfUse] {
        let months = self.0.get(key).map(Vec::as_slice).unwrap_or_default();
        &months[..months.partition_point(|use_| use_.month <= last)]
    }

    /// What was measured of a key in a month.
    pub(crate) fn of_month(&self, key: &AssociationKey, month: Month) -> Option<Measures> {
        self.until(key, month).last().filter(|use_| use_.month == month).map(|use_| use_.measures)
    }
}

/// The two months that growth is measured between (R53).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Growth {
    /// The month of the official date, or the last stored one before it.
    pub(crate) baseline: Option<i64>,
    /// The latest credited month: a full one after the official date (R50).
    pub(crate) latest: Option<i64>,
}

impl Growth {
    pub(crate) fn of(months: &[MonthOfUse], official: Timestamp) -> Self {
        let start = Month::of(official);
        let credited = Month::first_full_month_after(official);
        let last = |fits: &dyn Fn(Month) -> bool| {
            months.iter().rev().find(|use_| fits(use_.month)).map(|use_| use_.measures.active())
        };
        Self { baseline: last(&|month| month <= start), latest: last(&|month| month >= credited && month > start) }
    }
}
