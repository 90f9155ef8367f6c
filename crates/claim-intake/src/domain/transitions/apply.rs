//! Applies the facts that other services report about a claim. Each fact is checked against the
//! transition table and the data of the state. A fact that they do not allow is *overtaken*: it is
//! recorded in the history and changes nothing else. An association puts the partner on record for
//! the workload or subscription of a *line*, a part of the claim. A *policy profile* is a versioned
//! set of values that the business rules leave open (R61).
use crate::domain::{
    Assessment, Association, AssociationEnd, Claim, EventKind, Fact, FactKind, LineVerdict, Refusal, Rules, State,
    Submission,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{AssociationId, LineId, Month, Timestamp, rfc3339};
use std::collections::BTreeMap;

/// The circumstances under which a fact is applied.
pub(super) struct FactContext<'a> {
    /// The time at which the fact happened in the reporting service. The fact counts from this
    /// time.
    pub(super) effective_time: Timestamp,
    /// The time at which this service records the fact.
    pub(super) now: Timestamp,
    /// The policy profiles and calendars.
    pub(super) rules: &'a Rules,
    /// The reason for the history entry; for some facts the comment of a reviewer or customer.
    pub(super) reason: String,
    /// The channel that the customer used, if the fact is a decision of the customer.
    pub(super) channel: Option<&'a str>,
}

impl FactContext<'_> {
    /// Returns the history entry with the reason and channel of the fact.
    pub(super) fn entry(&self) -> EntryDetails {
        let entry = EntryDetails::with_reason(&self.reason);
        match self.channel {
            Some(channel) => entry.with_change("consent_channel", "", channel),
            None => entry,
        }
    }
}

/// The transition of an applied fact; `None` when the fact is overtaken. The error is
/// [`Refusal::RulesMissing`].
pub(super) type ApplyResult = Result<Option<Transition<Claim>>, Refusal>;

impl Claim {
    /// Applies `fact`, which counts from `effective_time`. A fact that the state no longer allows
    /// becomes a history entry and changes nothing else.
    ///
    /// # Errors
    /// Returns [`Refusal::RulesMissing`] if the policy profile or a calendar that was recorded at
    /// the submission is not configured.
    pub fn apply(
        &self,
        fact: &Fact,
        effective_time: Timestamp,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Transition<Self>, Refusal> {
        let context = FactContext { effective_time, now, rules, reason: fact.reason(), channel: fact.channel() };
        let transition = match self.admitted_fact(fact.kind(), fact.case()) {
            Some(submission) => self.apply_admitted(fact, submission, &context)?,
            None => None,
        };
        let mut transition =
            transition.unwrap_or_else(|| self.record_only(EventKind::FactOvertaken(fact.kind()), context.entry(), now));
        let later_erasures = self.erased.iter().filter(|(_, erasure)| effective_time <= erasure.time);
        let already_erased: Vec<_> = later_erasures.map(|(kind, _)| *kind).collect();
        transition.events.iter_mut().for_each(|event| event.already_erased.clone_from(&already_erased));
        let next = transition.next.with_wait_starts(Some(self.wait_starts()), effective_time);
        Ok(Transition { next, ..transition })
    }

    /// Applies a fact that the transition table allows.
    fn apply_admitted(&self, fact: &Fact, submission: &Submission, context: &FactContext<'_>) -> ApplyResult {
        match fact {
            Fact::Review { fact, .. } => self.apply_review_fact(fact, submission, context),
            Fact::Consent(fact) => self.apply_consent_fact(fact, submission, context),
            Fact::AssociationOfficial { since, associations, ends } => {
                Ok(self.apply_association_official(submission, *since, associations, ends, context))
            }
            Fact::AssociationEnded { reason, lines } => {
                Ok(self.apply_association_ended(submission, *reason, lines, context))
            }
            Fact::Assessed { month, verdicts } => Ok(Some(self.apply_assessed(*month, verdicts, context))),
        }
    }

    /// Returns a transition that adds an entry to the history and changes nothing else.
    pub(super) fn record_only(&self, kind: EventKind, entry: EntryDetails, now: Timestamp) -> Transition<Self> {
        let mut builder = TransitionBuilder::new(self, now);
        builder.record(kind, entry);
        builder.build()
    }

    /// R27: the registry has put the association on record. If the report is late, the associations
    /// of lines may have ended before, or may turn out not to have ended (R47).
    fn apply_association_official(
        &self,
        submission: &Submission,
        since: Timestamp,
        associations: &BTreeMap<LineId, Vec<AssociationId>>,
        ends: &BTreeMap<LineId, AssociationEnd>,
        context: &FactContext<'_>,
    ) -> Option<Transition<Self>> {
        let association = match self.state.association()? {
            Association::Official { .. } | Association::Ended { since: Some(_) } => return None,
            association @ (Association::Pending | Association::Granted { .. } | Association::Ended { since: None }) => {
                association
            }
        };
        let mut builder = TransitionBuilder::new(self, context.now);
        let (mut entry, mut reinstated) = (context.entry(), Vec::new());
        for (index, line) in builder.claim.content.lines.iter_mut().enumerate() {
            line.associations = associations.get(&line.id).cloned().unwrap_or_default();
            if line.association_end.is_some() && associations.contains_key(&line.id) {
                line.association_end = ends.get(&line.id).cloned();
                if line.association_end.is_none() {
                    entry = entry.with_change(&format!("lines[{index}].association_state"), "ended", "official");
                    reinstated.push(line.id);
                }
            }
        }
        let has_ended = *association == Association::Ended { since: None } && reinstated.is_empty();
        let next = if has_ended { Association::Ended { since: Some(since) } } else { Association::Official { since } };
        let entry = entry.with_change("association_state", association.as_str(), next.as_str());
        let entry = entry.with_change("official_time", "", rfc3339(since));
        // If lines were reinstated, customer-consent has to report again when their associations
        // end.
        let consent_ended = has_ended && submission.consent_ended;
        builder.claim.state = State::Approved(Submission { consent_ended, ..submission.clone() }, next);
        let event = match reinstated.is_empty() {
            true => EventKind::FactApplied(FactKind::AssociationOfficial),
            false => EventKind::LinesReinstated { lines: reinstated, since },
        };
        builder.record(event, entry);
        Some(builder.build())
    }

    /// R52: stores the assessments that the eligibility service reported.
    fn apply_assessed(&self, month: Month, verdicts: &[LineVerdict], context: &FactContext<'_>) -> Transition<Self> {
        let mut builder = TransitionBuilder::new(self, context.now);
        let mut entry = context.entry();
        for verdict in verdicts {
            if let Some((field, previous)) = builder.claim.replace_assessment(month, verdict) {
                entry = entry.with_change(&field, previous, verdict.verdict.as_str());
            }
        }
        builder.record(EventKind::FactApplied(FactKind::Assessed), entry);
        builder.build()
    }

    /// Replaces the line's last assessment of the activity. Returns the path of the changed field
    /// and the previous result, or `None` when the claim has no such line.
    fn replace_assessment(&mut self, month: Month, verdict: &LineVerdict) -> Option<(String, &'static str)> {
        let index = self.content.lines.iter().position(|line| line.id == verdict.line)?;
        let assessments = &mut self.content.lines[index].assessments;
        let previous_index = assessments.iter().position(|assessment| assessment.activity == verdict.activity);
        let previous = previous_index.map(|index| assessments.remove(index));
        let LineVerdict { activity, verdict, failed_conditions, .. } = verdict.clone();
        assessments.push(Assessment { activity, verdict, month, failed_conditions });
        Some((
            format!("lines[{index}].assessments.{activity}"),
            previous.map_or("", |assessment| assessment.verdict.as_str()),
        ))
    }
}
