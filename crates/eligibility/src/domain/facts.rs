//! What an assessment looks at (R52).

use std::collections::BTreeMap;

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

/// Active use in one month: active users of a workload, consumption of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MonthOfUse {
    pub(crate) month: Month,
    pub(crate) active: i64,
}

/// The stored months of each key, in order.
pub(crate) type UsageByKey = BTreeMap<AssociationKey, Vec<MonthOfUse>>;

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
            months.iter().filter(|use_| fits(use_.month)).max_by_key(|use_| use_.month).map(|use_| use_.active)
        };
        Self { baseline: last(&|month| month <= start), latest: last(&|month| month >= credited && month > start) }
    }
}
