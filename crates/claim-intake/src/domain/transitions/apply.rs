//! Applying facts: each is checked against the table and against what the state carries; what does not fit is
//! overtaken.
use crate::domain::{
    Assessment, Association, Claim, Fact, FactKind, LineVerdict, Refusal, Rules, State, Submission, What,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{Month, Timestamp, rfc3339};

/// The circumstances of a fact.
pub(super) struct FactContext<'a> {
    /// Since when it counts.
    pub(super) time: Timestamp,
    /// When it is recorded.
    pub(super) now: Timestamp,
    /// Policy and calendars.
    pub(super) rules: &'a Rules,
    /// Why.
    pub(super) reason: String,
    /// How the customer spoke, where it is their word.
    pub(super) channel: Option<&'a str>,
}

impl FactContext<'_> {
    /// The history entry, so far.
    pub(super) fn entry(&self) -> EntryDetails {
        let entry = EntryDetails::with_reason(&self.reason);
        match self.channel {
            Some(channel) => entry.with_change("consent_channel", "", channel),
            None => entry,
        }
    }
}

/// `None`: overtaken. An error: the rules that the claim was submitted under are not at hand.
pub(super) type ApplyResult = Result<Option<Transition<Claim>>, Refusal>;

impl Claim {
    /// Applies `fact`, which counts since `time`. One that the state no longer admits becomes a history entry and
    /// nothing else.
    ///
    /// # Errors
    /// [`Refusal::RulesMissing`] when the policy or a calendar that the claim was submitted under is not configured.
    pub fn apply(
        &self,
        fact: &Fact,
        time: Timestamp,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Transition<Self>, Refusal> {
        let context = FactContext { time, now, rules, reason: fact.reason(), channel: fact.channel() };
        let applied = match self.admitted_fact(fact.kind(), fact.case()) {
            Some(submission) => self.apply_admitted(fact, submission, &context)?,
            None => None,
        };
        let mut made = applied.unwrap_or_else(|| self.record_only(What::Overtaken(fact.kind()), context.entry(), now));
        let erased_since = self.erased.iter().filter(|(_, erasure)| time <= erasure.time).map(|(kind, _)| *kind);
        let late: Vec<_> = erased_since.collect();
        made.events.iter_mut().for_each(|event| event.late.clone_from(&late));
        Ok(Transition { next: made.next.with_wait_clock(Some(self.wait_clock()), time), ..made })
    }

    fn apply_admitted(&self, fact: &Fact, submission: &Submission, context: &FactContext<'_>) -> ApplyResult {
        match fact {
            Fact::Review { fact, .. } => self.apply_review_fact(fact, submission, context),
            Fact::Consent(fact) => self.apply_consent_fact(fact, submission, context),
            Fact::AssociationOfficial { since } => Ok(self.apply_association_official(submission, *since, context)),
            Fact::AssociationEnded { reason, lines } => {
                Ok(self.apply_association_ended(submission, *reason, lines, context))
            }
            Fact::Assessed { month, verdicts } => Ok(Some(self.apply_assessed(*month, verdicts, context))),
        }
    }

    /// An entry in the history and nothing else.
    pub(super) fn record_only(&self, what: What, entry: EntryDetails, now: Timestamp) -> Transition<Self> {
        let mut builder = TransitionBuilder::new(self, now);
        builder.record(what, entry);
        builder.build()
    }

    /// R27: the registry has the association on record.
    fn apply_association_official(
        &self,
        submission: &Submission,
        since: Timestamp,
        context: &FactContext<'_>,
    ) -> Option<Transition<Self>> {
        match self.state.association()? {
            Association::Official { .. } | Association::Ended { .. } => None,
            before @ (Association::Pending | Association::Granted { .. }) => {
                let mut builder = TransitionBuilder::new(self, context.now);
                builder.claim.state = State::Approved(submission.clone(), Association::Official { since });
                let entry = context.entry().with_change("association_state", before.as_str(), "official");
                let entry = entry.with_change("official_time", "", rfc3339(since));
                builder.record(What::Reported(FactKind::AssociationOfficial), entry);
                Some(builder.build())
            }
        }
    }

    /// R52: keeps the last answer for each line and activity.
    fn apply_assessed(&self, month: Month, verdicts: &[LineVerdict], context: &FactContext<'_>) -> Transition<Self> {
        let mut builder = TransitionBuilder::new(self, context.now);
        let mut entry = context.entry();
        for verdict in verdicts {
            if let Some((field, before)) = builder.claim.replace_assessment(month, verdict) {
                entry = entry.with_change(&field, before, verdict.verdict.as_str());
            }
        }
        builder.record(What::Reported(FactKind::Assessed), entry);
        builder.build()
    }

    /// Replaces the line's last answer for the activity; answers the field and the verdict before. `None`: no such
    /// line.
    fn replace_assessment(&mut self, month: Month, answer: &LineVerdict) -> Option<(String, &'static str)> {
        let place = self.content.lines.iter().position(|line| line.id == answer.line)?;
        let assessments = &mut self.content.lines[place].assessments;
        let before = assessments.iter().position(|known| known.activity == answer.activity);
        let before = before.map(|place| assessments.remove(place));
        let LineVerdict { activity, verdict, failed_conditions, .. } = answer.clone();
        assessments.push(Assessment { activity, verdict, month, failed_conditions });
        Some((format!("lines[{place}].assessments.{activity}"), before.map_or("", |known| known.verdict.as_str())))
    }
}
