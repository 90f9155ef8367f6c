//! Tests of the rules R50 and R52 to R54, without a database.

mod conditions;
mod ledger;
mod lifecycle;

use std::collections::BTreeMap;

use cpor_durable::{Aggregate as _, Transition};
use cpor_types::{Activity, AssociationKey, Month, Timestamp};

use super::{
    ActiveGuides, Assessment, AssessmentEvent, AssessmentInputs, AssociationEnd, AssociationFacts, CatalogFacts,
    CatalogVersion, EarnedAmount, Earning, Measures, MonthlyResult, MonthlyUsage, NoEarningReason, PartnerRecord,
    SimulationSummary, SubscriptionFacts, UsageByKey, Verdict,
    examples::{active_guides, guide_catalog, presales, subscription, time, usage_of_teams},
};

/// An assessment with its inputs, and with the results and earnings that the database would
/// contain.
struct AssessedClaim {
    assessment: Assessment,
    guides: ActiveGuides,
    usage: UsageByKey,
    results: BTreeMap<Month, MonthlyResult>,
    earnings: Vec<Earning>,
}

impl AssessedClaim {
    fn open(facts: AssociationFacts) -> Self {
        let assessment = Assessment::open(None, facts).unwrap().next;
        let guides = active_guides();
        Self { assessment, guides, usage: no_usage(), results: BTreeMap::new(), earnings: Vec::new() }
    }

    fn assess(&mut self, now: &str) -> Vec<AssessmentEvent> {
        let Self { guides, usage, results, .. } = &*self;
        let inputs = AssessmentInputs { guides, usage, previous_results: results };
        let Transition { next, events } = self.assessment.assess(inputs, time(now)).unwrap();
        self.assessment = next;
        for event in &events {
            match event {
                AssessmentEvent::MonthAssessed(result) => drop(self.results.insert(result.month, result.clone())),
                AssessmentEvent::EarningsRecorded(earnings) => self.earnings.extend(earnings.clone()),
                AssessmentEvent::Opened | AssessmentEvent::BecameStale | AssessmentEvent::Ended => {}
            }
        }
        events
    }

    fn apply(&mut self, transition: Option<Transition<Assessment>>) {
        self.assessment = transition.unwrap().next;
    }

    /// What the first line earns in a month.
    fn earned(&self, month: &str) -> &EarnedAmount {
        &self.results[&month.parse().unwrap()].results[0].earned
    }

    /// The month and the amount of each earning, in millionths.
    fn amounts(&self) -> Vec<(String, i64)> {
        let amount = |earning: &Earning| (earning.month.to_string(), earning.amount.map_or(0, |amount| amount.micros));
        self.earnings.iter().map(amount).collect()
    }
}

fn no_usage() -> UsageByKey {
    UsageByKey::default()
}

fn end_at(instant: &str) -> AssociationEnd {
    AssociationEnd { time: time(instant), reason: "declined".into() }
}

/// The verdict on the first line, and the names of the conditions that do not hold.
fn assess(facts: AssociationFacts, usage: UsageByKey) -> (Verdict, Vec<String>) {
    let mut claim = AssessedClaim { usage, ..AssessedClaim::open(facts) };
    claim.assess("2026-06-02T00:00:00Z");
    let result = &claim.assessment.latest.unwrap().results[0];
    (result.verdict, result.failed_conditions().map(str::to_owned).collect())
}

/// Usage of the workload Teams: the active users of each month.
fn teams(months: &[(&str, i64)]) -> UsageByKey {
    let usage = months.iter().map(|(month, active_users)| MonthlyUsage {
        month: month.parse().unwrap(),
        measures: Measures::Workload { active_users: *active_users, paid_available_units: 2_000 },
    });
    UsageByKey([(AssociationKey::Workload("teams".parse().unwrap()), usage.collect())].into())
}

/// Usage of the subscription of [`presales`]: the seats sold in each month.
fn seats(months: &[(&str, i64)]) -> UsageByKey {
    let usage = months.iter().map(|(month, seats_sold)| MonthlyUsage {
        month: month.parse().unwrap(),
        measures: Measures::Subscription { seats_sold: *seats_sold, consumption: 0 },
    });
    UsageByKey([(presales().lines[0].key.clone(), usage.collect())].into())
}
