//! The aggregate: one claim's way through review, over all its rounds.
use super::{CaseEvent, CaseKind, Clocks, Contest, LineRefusal, Phase, Snapshot, Standing, State};
use cpor_durable::Transition;
use cpor_types::{Calendar, CaseId, Length, LineId, TenantId, Timestamp};
use std::collections::BTreeSet;

/// A review case (R19-R24, R45).
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewCase {
    /// The customer: the owner part of the case's key.
    pub tenant: TenantId,
    /// The case, minted by claim-intake when the claim was submitted or disputed.
    pub id: CaseId,
    /// Submission or dispute.
    pub kind: CaseKind,
    /// The claim as it was last submitted, resubmitted or edited, without the lines that it has lost.
    pub snapshot: Snapshot,
    /// The reviewer's subject; kept from round to round (R21).
    pub reviewer: Option<String>,
    /// 1 for the submission, one more for each resubmission.
    pub round: u32,
    /// Where it stands.
    pub state: State,
    /// Its clocks.
    pub clocks: Clocks,
    /// How long before a clock passes its reviewer is reminded (R48), as the claim's profile says.
    pub remind_before: Length,
    /// With whom it competes (R37).
    pub contest: Contest,
    /// Lines that are over: awarded to another, or of an association that has ended.
    pub ended: BTreeSet<LineId>,
    /// Why the last approval could not be given; empty when there was none, or it could.
    pub approval_refusals: Vec<LineRefusal>,
    /// When it was opened.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
    /// When it was decided or closed.
    pub close_time: Option<Timestamp>,
}

/// A person who gives a command to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewer {
    /// The subject of their token.
    pub subject: String,
    /// Whether they are a review lead.
    pub lead: bool,
}

impl ReviewCase {
    /// The state without its data.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.state.phase()
    }

    /// Who has the case.
    #[must_use]
    pub fn reviewer(&self) -> Option<&str> {
        self.reviewer.as_deref()
    }

    /// How somebody stands to the case. A lead who has it stands as a lead.
    #[must_use]
    pub fn standing(&self, person: &Reviewer) -> Standing {
        match (person.lead, self.reviewer() == Some(person.subject.as_str())) {
            (true, _) => Standing::Lead,
            (false, true) => Standing::Own,
            (false, false) => Standing::Other,
        }
    }

    /// The case in another state.
    pub(super) fn entering(&self, state: State, now: Timestamp, calendar: &Calendar) -> Self {
        Self { state, ..self.clone() }.timed(now, calendar)
    }

    /// The case with its clocks following its state and its contest; a state that is over closes it.
    pub(super) fn timed(self, now: Timestamp, calendar: &Calendar) -> Self {
        let (phase, contested) = (self.phase(), self.is_contested());
        Self {
            clocks: self.clocks.clone().entering(phase, contested, self.remind_before, now, calendar),
            update_time: now.max(self.update_time),
            close_time: if phase.is_open() { None } else { self.close_time.or(Some(now)) },
            ..self
        }
    }

    /// The case in the same state, with another reviewer.
    pub(super) fn given_to(&self, reviewer: Option<String>, now: Timestamp) -> Self {
        Self { reviewer, update_time: now.max(self.update_time), ..self.clone() }
    }
}

/// The transition from a case to the next, in which something happened; a contest that is another one by it is told too.
pub(super) fn transition(from: &ReviewCase, next: ReviewCase, event: CaseEvent) -> Transition<ReviewCase> {
    let told = contested_since(from, &next);
    Transition::new(next, std::iter::once(event).chain(told))
}

/// What there is to tell of the contest, where it has changed and there is still something to compete for.
pub(super) fn contested_since(from: &ReviewCase, next: &ReviewCase) -> Option<CaseEvent> {
    let lines = next.contested_lines();
    let live = next.contending().next().is_some();
    (live && lines != from.contested_lines()).then_some(CaseEvent::CompetitionChanged { lines })
}
