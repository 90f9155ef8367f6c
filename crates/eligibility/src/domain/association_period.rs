//! The period in which a claim's association is official (the partner is on record for the claimed
//! workloads or subscriptions), with the facts that apply to each month.
//!
//! The directory is the registry's data about partners and customers. Facts that have a date
//! (enrollments, purchase time) or never change (channel) apply to every month as the directory
//! last reported them. Facts about the present (a subscription's status, a location's region) apply
//! from the month in which they were reported. Earlier months keep the values that were true at
//! their end. Whether a product is paid follows from the product catalog that was in force at the
//! end of a month, also if the association is reported after the catalog has changed.
use std::{borrow::Cow, collections::BTreeMap};

use cpor_types::{LineId, Month, ProductId, SubscriptionId, Timestamp};
use serde::{Deserialize, Serialize};

use super::facts::{AssociationEnd, AssociationFacts, CatalogVersion, LineFacts};

/// One official association of a claim, from the official time to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AssociationPeriod {
    /// The current facts. The registry's events keep them up to date.
    pub(crate) facts: AssociationFacts,
    /// Former values of the facts about the present, the oldest first.
    earlier_facts: Vec<EarlierFacts>,
    /// The versions of the product catalog until the end of the association, the oldest first. A
    /// version that changes nothing for the claimed products is left out.
    catalog: Vec<ClaimedProducts>,
}

/// A version of the product catalog, reduced to the claimed products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ClaimedProducts {
    /// The first month that the version applies to.
    from: Month,
    /// Whether partners are paid for each product.
    incentivized: BTreeMap<ProductId, bool>,
}

/// The facts about the present that applied to the months before `before`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct EarlierFacts {
    /// The month in which the facts changed.
    before: Month,
    /// The region of the partner's location.
    region: String,
    /// The status of each subscription.
    statuses: BTreeMap<SubscriptionId, String>,
}

impl AssociationPeriod {
    /// Returns the period of an association that has just become official.
    pub(crate) fn new(facts: AssociationFacts) -> Self {
        Self { facts, earlier_facts: Vec::new(), catalog: Vec::new() }
    }

    /// Returns the end of the last line, or `None` while any line has not ended. A line is the part
    /// of a claim that is about one workload or subscription.
    pub(crate) fn end(&self) -> Option<&AssociationEnd> {
        let line_ends = self.facts.lines.iter().map(|line| line.end.as_ref());
        line_ends.collect::<Option<Vec<_>>>()?.into_iter().max_by_key(|end| end.time)
    }

    /// Returns the months until `now` in which the association was official at any moment. The
    /// month of the official time is always included, even if `now` is before it.
    pub(crate) fn months(&self, now: Timestamp) -> impl Iterator<Item = Month> {
        let first = Month::containing(self.facts.official_time);
        let last = Month::containing(self.end().map_or(now, |end| end.time.min(now))).max(first);
        std::iter::successors(Some(first), |month| Some(month.next())).take_while(move |month| *month <= last)
    }

    /// Returns the facts that apply to a month.
    pub(crate) fn facts_in(&self, month: Month) -> Cow<'_, AssociationFacts> {
        let earlier = self.earlier_facts.iter().find(|earlier| month < earlier.before);
        if earlier.is_none() && self.catalog.is_empty() {
            return Cow::Borrowed(&self.facts);
        }
        let mut facts = self.facts.clone();
        for line in &mut facts.lines {
            line.is_incentivized = self.is_incentivized(line, month);
        }
        let Some(earlier) = earlier else { return Cow::Owned(facts) };
        facts.partner.location_region.clone_from(&earlier.region);
        for subscription in facts.lines.iter_mut().filter_map(|line| line.subscription.as_mut()) {
            if let Some(status) = earlier.statuses.get(&subscription.id) {
                subscription.status.clone_from(status);
            }
        }
        Cow::Owned(facts)
    }

    /// Returns the period after `change` was applied to its facts at `time`. The former facts are
    /// kept for the months before `time`.
    pub(crate) fn with_changed_facts(&self, time: Timestamp, change: impl FnOnce(&mut AssociationFacts)) -> Self {
        let mut next = self.clone();
        change(&mut next.facts);
        let month = Month::containing(time);
        // Only the first change in a month is preceded by the facts that were true at the end of
        // the month before.
        let is_month_kept = next.earlier_facts.last().is_some_and(|earlier| earlier.before >= month);
        if next.facts != self.facts && !is_month_kept && month > Month::containing(self.facts.official_time) {
            next.earlier_facts.push(self.facts_before(month));
        }
        next
    }

    /// Returns the period with other versions of the product catalog. `versions` contains all known
    /// versions, the oldest first.
    pub(crate) fn with_catalog(&self, versions: &[CatalogVersion]) -> Self {
        let end = self.end().map(|end| end.time);
        let applicable = versions.iter().filter(|version| end.is_none_or(|end| version.start_time <= end));
        let mut next = Self { catalog: Vec::new(), ..self.clone() };
        for version in applicable {
            let from = Month::containing(version.start_time);
            let products = self.facts.lines.iter().map(|line| &line.product);
            let claimed = products.filter_map(|product| Some((product.clone(), *version.facts.0.get(product)?)));
            let incentivized: BTreeMap<_, _> = claimed.collect();
            let has_changed = self.facts.lines.iter().any(|line| {
                incentivized.get(&line.product).is_some_and(|new| *new != next.is_incentivized(line, from))
            });
            if has_changed {
                next.catalog.push(ClaimedProducts { from, incentivized });
            }
        }
        next
    }

    /// Returns whether partners are paid for the product of a line in a month, or in the last month
    /// of a line that has ended.
    fn is_incentivized(&self, line: &LineFacts, month: Month) -> bool {
        let month = line.end.as_ref().map_or(month, |end| month.min(Month::containing(end.time)));
        let mut versions = self.catalog.iter().rev().filter(|version| version.from <= month);
        versions.find_map(|version| version.incentivized.get(&line.product).copied()).unwrap_or(line.is_incentivized)
    }

    /// Returns the period after these lines ended, or all lines if `lines` is empty. A line that
    /// has ended already keeps its end, unless `end` is earlier (R47).
    pub(crate) fn with_ended_lines(&self, lines: &[LineId], end: &AssociationEnd) -> Self {
        let mut next = self.clone();
        let is_affected = |line: LineId| lines.is_empty() || lines.contains(&line);
        let can_end = |current: Option<&AssociationEnd>| current.is_none_or(|current| end.time < current.time);
        for line in next.facts.lines.iter_mut().filter(|line| can_end(line.end.as_ref()) && is_affected(line.line)) {
            line.end = Some(end.clone());
        }
        next
    }

    /// Returns the current facts about the present, to be kept for the months before `before`.
    fn facts_before(&self, before: Month) -> EarlierFacts {
        let subscriptions = self.facts.lines.iter().filter_map(|line| line.subscription.as_ref());
        let statuses = subscriptions.map(|subscription| (subscription.id, subscription.status.clone()));
        EarlierFacts { before, region: self.facts.partner.location_region.clone(), statuses: statuses.collect() }
    }
}
