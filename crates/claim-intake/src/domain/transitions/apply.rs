//! Applying facts: each is checked against the table and against what the state carries; what does not fit is
//! overtaken.
use crate::domain::{
    Assessment, Association, Claim, Fact, FactKind, LineVerdict, Refusal, Rules, State, Submission, What,
    claim::{Entry, Next},
};
use cpor_durable::Transition;
use cpor_types::{Month, Timestamp, rfc3339};

/// The circumstances of a fact.
pub(super) struct At<'a> {
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

impl At<'_> {
    /// The history entry, so far.
    pub(super) fn entry(&self) -> Entry {
        let entry = Entry::because(&self.reason);
        match self.channel {
            Some(channel) => entry.changing("consent_channel", "", channel),
            None => entry,
        }
    }
}

/// `None`: overtaken. An error: the rules that the claim was submitted under are not at hand.
pub(super) type Applied = Result<Option<Transition<Claim>>, Refusal>;

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
        let at = At { time, now, rules, reason: fact.reason(), channel: fact.channel() };
        let applied = match self.admit_fact(fact.kind(), fact.case()) {
            Some(submission) => self.take(fact, submission, &at)?,
            None => None,
        };
        let mut made = applied.unwrap_or_else(|| self.noted(What::Overtaken(fact.kind()), at.entry(), now));
        let erased_since = self.erased.iter().filter(|(_, erasure)| time <= erasure.time).map(|(kind, _)| *kind);
        let late: Vec<_> = erased_since.collect();
        made.events.iter_mut().for_each(|event| event.late.clone_from(&late));
        Ok(Transition { next: made.next.waiting_since(Some(self.waited()), time), ..made })
    }

    fn take(&self, fact: &Fact, submission: &Submission, at: &At<'_>) -> Applied {
        match fact {
            Fact::Review { fact, .. } => self.take_review(fact, submission, at),
            Fact::Consent(fact) => self.take_consent(fact, submission, at),
            Fact::AssociationOfficial { since } => Ok(self.official(submission, *since, at)),
            Fact::AssociationEnded { reason, lines } => Ok(self.association_ended(submission, *reason, lines, at)),
            Fact::Assessed { month, verdicts } => Ok(Some(self.assessed(*month, verdicts, at))),
        }
    }

    /// An entry in the history and nothing else.
    pub(super) fn noted(&self, what: What, entry: Entry, now: Timestamp) -> Transition<Self> {
        let mut next = Next::of(self, now);
        next.record(what, entry);
        next.done()
    }

    /// R27: the registry has the association on record.
    fn official(&self, submission: &Submission, since: Timestamp, at: &At<'_>) -> Option<Transition<Self>> {
        match self.state.association()? {
            Association::Official { .. } | Association::Ended { .. } => None,
            before @ (Association::Pending | Association::Granted { .. }) => {
                let mut next = Next::of(self, at.now);
                next.claim.state = State::Approved(submission.clone(), Association::Official { since });
                let entry = at.entry().changing("association_state", before.as_str(), "official");
                let entry = entry.changing("official_time", "", rfc3339(since));
                next.record(What::Reported(FactKind::AssociationOfficial), entry);
                Some(next.done())
            }
        }
    }

    /// R52: keeps the last answer for each line and activity.
    fn assessed(&self, month: Month, verdicts: &[LineVerdict], at: &At<'_>) -> Transition<Self> {
        let mut next = Next::of(self, at.now);
        let mut entry = at.entry();
        for verdict in verdicts {
            if let Some((field, before)) = next.claim.assess(month, verdict) {
                entry = entry.changing(&field, before, verdict.verdict.as_str());
            }
        }
        next.record(What::Reported(FactKind::Assessed), entry);
        next.done()
    }

    /// Replaces the line's last answer for the activity; answers the field and the verdict before. `None`: no such
    /// line.
    fn assess(&mut self, month: Month, answer: &LineVerdict) -> Option<(String, &'static str)> {
        let place = self.content.lines.iter().position(|line| line.id == answer.line)?;
        let assessments = &mut self.content.lines[place].assessments;
        let before = assessments.iter().position(|known| known.activity == answer.activity);
        let before = before.map(|place| assessments.remove(place));
        let LineVerdict { activity, verdict, failed_conditions, .. } = answer.clone();
        assessments.push(Assessment { activity, verdict, month, failed_conditions });
        Some((format!("lines[{place}].assessments.{activity}"), before.map_or("", |known| known.verdict.as_str())))
    }
}
