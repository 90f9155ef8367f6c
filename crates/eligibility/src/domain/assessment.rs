//! The assessment of one claim: for every month since the claim's association became official, the
//! verdict of the program guide on each line, and the amount that the line earns. A *line* is the
//! part of a claim that is about one workload or subscription of the tenant (its *key*). The
//! association is *official* while the partner is on record for these keys. A *program guide*
//! contains the conditions and rates of payment.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use cpor_durable::{Aggregate, PassedDeadline, Transition};
use cpor_types::{Activity, AssociationKey, Deadline, LineId, Month, ProgramGuideId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    association_period::AssociationPeriod,
    earning::{Earning, compute_earnings},
    evaluate::{EvaluationInputs, LineResult, evaluate},
    facts::{AssociationEnd, AssociationFacts, CatalogVersion, PartnerRecord, SubscriptionFacts, UsageByKey},
    guide::{ActiveGuides, Guide, NoGuideInForce},
};

/// The kind of the only deadline of an assessment: the start of the next month.
const MONTHLY_DEADLINE: &str = "monthly_assessment";

/// The assessment of a claim, with the facts that it is based on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Assessment {
    /// The claim's current official association, or the last one if it has ended.
    association: AssociationPeriod,
    /// Official associations of the same claim that ended before `association` began. A claim has
    /// several associations if it was rejected and then approved on a dispute (R28).
    earlier_associations: Vec<AssociationPeriod>,
    /// Whether the claim must be assessed again: a fact has changed, or a month has begun (R52).
    pub(crate) is_stale: bool,
    /// The edition of the guide catalog (the number of guides activated until then) that the claim
    /// was last assessed with.
    pub(crate) edition: u64,
    /// Whether the partner declined payment for the claim (R54b).
    is_payment_declined: bool,
    /// The number of earnings of this claim in the ledger.
    earning_count: u64,
    /// The result for the last assessed month; `None` until the first assessment.
    pub(crate) latest: Option<MonthlyResult>,
    /// The time at which the claim is assessed next if no fact changes before.
    next_assess_time: Timestamp,
}

/// The result of assessing a claim for one month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MonthlyResult {
    pub(crate) month: Month,
    /// The program guide that the claim was assessed with.
    pub(crate) guide: ProgramGuideId,
    pub(crate) assess_time: Timestamp,
    /// One result for each line and activity.
    pub(crate) results: Vec<LineResult>,
}

impl MonthlyResult {
    /// Returns the result for one line and activity, if the month has one.
    pub(crate) fn line_result(&self, line: LineId, activity: Activity) -> Option<&LineResult> {
        self.results.iter().find(|result| (result.line, result.activity) == (line, activity))
    }

    /// Returns whether two results of the same month differ at most in their assessment time.
    fn has_same_content(&self, other: &Self) -> bool {
        self.guide == other.guide && self.results == other.results
    }
}

/// The inputs that an assessment is computed from. They must be read after the version of the
/// assessment. Otherwise a change between the two reads would be missed.
#[derive(Clone, Copy)]
pub(crate) struct AssessmentInputs<'a> {
    pub(crate) guides: &'a ActiveGuides,
    pub(crate) usage: &'a UsageByKey,
    /// The results that are stored, by month.
    pub(crate) previous_results: &'a BTreeMap<Month, MonthlyResult>,
}

/// An event of an assessment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AssessmentEvent {
    /// The assessment was opened, because an association became official.
    Opened,
    /// The claim must be assessed again, because a fact changed or a month began.
    BecameStale,
    /// A month has a new result.
    MonthAssessed(MonthlyResult),
    /// These earnings were added to the ledger.
    EarningsRecorded(Vec<Earning>),
    /// The association, or some of its lines, ended.
    Ended,
}

type AssessmentTransition = Transition<Assessment>;

impl Assessment {
    /// Opens the assessment when an association becomes official, for the first time or again after
    /// an earlier association ended (R28). Returns `None` if the current association has not ended.
    pub(crate) fn open(current: Option<&Self>, facts: AssociationFacts) -> Option<AssessmentTransition> {
        let (earlier_associations, earning_count, is_payment_declined) = match current {
            None => (Vec::new(), 0, false),
            Some(current) if current.association_end().is_some() => {
                (current.associations().cloned().collect(), current.earning_count, current.is_payment_declined)
            }
            Some(_) => return None,
        };
        let next_assess_time = Month::containing(facts.official_time).next().start();
        let opened = Self {
            association: AssociationPeriod::new(facts),
            earlier_associations,
            is_stale: true,
            edition: 0,
            is_payment_declined,
            earning_count,
            latest: None,
            next_assess_time,
        };
        Some(Transition::new(opened, [AssessmentEvent::Opened]))
    }

    /// Returns the current facts of the association.
    pub(crate) fn facts(&self) -> &AssociationFacts {
        &self.association.facts
    }

    /// Returns the keys whose usage the assessment depends on. An ended association keeps its keys,
    /// because the usage of its months may be imported again.
    pub(crate) fn keys(&self) -> BTreeSet<&AssociationKey> {
        self.associations().flat_map(|association| association.facts.lines.iter().map(|line| &line.key)).collect()
    }

    /// Returns the time and the reason of the association's end, or `None` while it is official.
    pub(crate) fn association_end(&self) -> Option<&AssociationEnd> {
        self.association.end()
    }

    /// Assesses every month until `now` with the guide of that month and the stored usage. A past
    /// month that has no guide is skipped.
    ///
    /// # Errors
    /// Returns [`NoGuideInForce`] if no guide is in force in the current month.
    pub(crate) fn assess(
        &self,
        inputs: AssessmentInputs<'_>,
        now: Timestamp,
    ) -> Result<AssessmentTransition, NoGuideInForce> {
        let mut next = Self { is_stale: false, edition: inputs.guides.edition, ..self.clone() };
        let mut events = Vec::new();
        let mut months = self.assessed_months(now);
        // A late report can end the association before months that were already assessed (R47).
        // These months are assessed again, so that their earnings are corrected.
        let assessed_before = inputs.previous_results.keys().filter(|month| **month <= Month::containing(now));
        for month in assessed_before {
            months.entry(*month).or_insert(&self.association);
        }
        for (month, association) in months {
            let guide = match inputs.guides.for_month(month) {
                Ok(guide) => guide,
                Err(missing) if month.contains(now) => return Err(missing),
                Err(_) => continue,
            };
            let previous = inputs.previous_results.get(&month);
            let mut result = self.assess_month(guide, association, (inputs.usage, previous), month, now);
            let earnings =
                compute_earnings(&association.facts, next.earning_count, previous, &mut result, inputs.usage, now);
            if !previous.is_some_and(|previous| previous.has_same_content(&result)) {
                events.push(AssessmentEvent::MonthAssessed(result.clone()));
            }
            if !earnings.is_empty() {
                next.earning_count += earnings.len() as u64;
                events.push(AssessmentEvent::EarningsRecorded(earnings));
            }
            next.latest = Some(result);
        }
        Ok(Transition::new(next, events))
    }

    /// Returns the result that another guide would give for a month, or `None` if the association
    /// was not official in that month or the month has not begun.
    pub(crate) fn simulate(
        &self,
        guide: &Guide,
        usage: &UsageByKey,
        month: Month,
        now: Timestamp,
    ) -> Option<MonthlyResult> {
        let months = self.assessed_months(now);
        months.get(&month).map(|association| self.assess_month(guide, association, (usage, None), month, now))
    }

    /// Applies a change of a subscription that the registry reported for `time`. Returns `None` if
    /// the association has ended, or no line that has not ended is affected.
    pub(crate) fn change_subscription(
        &self,
        subscription: &SubscriptionFacts,
        time: Timestamp,
    ) -> Option<AssessmentTransition> {
        self.change_facts(time, |facts| {
            for line in facts.lines.iter_mut().filter(|line| line.end.is_none()) {
                if line.subscription.as_ref().is_some_and(|current| current.id == subscription.id) {
                    line.subscription = Some(subscription.clone());
                }
            }
        })
    }

    /// Applies a change of the partner that the registry reported for `time`. Returns `None` if the
    /// association has ended, or the facts stay the same.
    pub(crate) fn change_partner(&self, record: &PartnerRecord, time: Timestamp) -> Option<AssessmentTransition> {
        self.change_facts(time, |facts| facts.partner = record.updated_facts(&facts.partner))
    }

    /// Replaces the versions of the product catalog, which states for each month which products are
    /// paid. `versions` contains all known versions, the oldest first. Returns `None` if nothing
    /// changes for the claim.
    pub(crate) fn apply_catalog(&self, versions: &[CatalogVersion]) -> Option<AssessmentTransition> {
        self.with_association(self.association.with_catalog(versions))
    }

    /// Declines payment for the claim, in all months (R54b). Returns `None` if it was declined
    /// before.
    pub(crate) fn decline_payment(&self) -> Option<AssessmentTransition> {
        let next = || Self { is_payment_declined: true, is_stale: true, ..self.clone() };
        (!self.is_payment_declined).then(|| Transition::new(next(), [AssessmentEvent::BecameStale]))
    }

    /// Ends these lines, or all lines if `lines` is empty. The month of the end is assessed once
    /// more. Returns `None` if each of the lines had ended at the time of `end` or earlier.
    pub(crate) fn end_lines(&self, lines: &[LineId], end: &AssociationEnd) -> Option<AssessmentTransition> {
        let association = self.association.with_ended_lines(lines, end);
        let has_changed = association != self.association;
        has_changed
            .then(|| Transition::new(Self { association, is_stale: true, ..self.clone() }, [AssessmentEvent::Ended]))
    }

    /// Returns the time at which the claim is assessed next if no fact changes before, or `None`
    /// after the association ended.
    pub(crate) fn next_assess_time(&self) -> Option<Timestamp> {
        self.association_end().is_none().then_some(self.next_assess_time)
    }

    /// Applies `change` to the facts at `time`. Returns `None` if the association has ended or the
    /// facts stay the same.
    fn change_facts(
        &self,
        time: Timestamp,
        change: impl FnOnce(&mut AssociationFacts),
    ) -> Option<AssessmentTransition> {
        if self.association_end().is_some() {
            return None;
        }
        self.with_association(self.association.with_changed_facts(time, change))
    }

    /// Returns the transition that replaces the association, or `None` if it stays the same.
    fn with_association(&self, association: AssociationPeriod) -> Option<AssessmentTransition> {
        let has_changed = association != self.association;
        has_changed.then(|| {
            Transition::new(Self { association, is_stale: true, ..self.clone() }, [AssessmentEvent::BecameStale])
        })
    }

    /// Returns all official associations of the claim, the oldest first.
    fn associations(&self) -> impl Iterator<Item = &AssociationPeriod> {
        self.earlier_associations.iter().chain([&self.association])
    }

    /// Returns the months until `now`, each with the last association that was official in it.
    fn assessed_months(&self, now: Timestamp) -> BTreeMap<Month, &AssociationPeriod> {
        let associations = self.associations();
        associations.flat_map(|association| association.months(now).map(move |month| (month, association))).collect()
    }

    /// Returns the result of one month as of `now`, or as of the last instant of a month that is
    /// over.
    fn assess_month(
        &self,
        guide: &Guide,
        association: &AssociationPeriod,
        (usage, previous): (&UsageByKey, Option<&MonthlyResult>),
        month: Month,
        now: Timestamp,
    ) -> MonthlyResult {
        let last_instant = month.end() - std::time::Duration::from_micros(1);
        let inputs = EvaluationInputs {
            guide,
            usage,
            month,
            as_of: now.min(last_instant),
            is_payment_declined: self.is_payment_declined,
            previous,
        };
        let results = evaluate(inputs, &association.facts_in(month));
        MonthlyResult { month, guide: guide.id.clone(), assess_time: now, results }
    }
}

impl Aggregate for Assessment {
    type Event = AssessmentEvent;

    /// Returns the end of the current month, while the association is official.
    fn deadlines(&self) -> Vec<Deadline> {
        let rule = "first instant of each month, UTC";
        let deadline = |due| Deadline { kind: Cow::Borrowed(MONTHLY_DEADLINE), due, rule: rule.to_owned() };
        self.next_assess_time().map(deadline).into_iter().collect()
    }

    /// Marks the assessment as stale when a month begins.
    fn apply_passed_deadline(&self, now: Timestamp) -> Option<PassedDeadline<Self>> {
        let due = self.next_assess_time().filter(|due| *due <= now)?;
        let next = Self { is_stale: true, next_assess_time: Month::containing(due).next().start(), ..self.clone() };
        Some(PassedDeadline { due, transition: Transition::new(next, [AssessmentEvent::BecameStale]) })
    }
}
