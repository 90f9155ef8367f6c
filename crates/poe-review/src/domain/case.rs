//! The aggregate: one claim's way through review, over all its rounds.
use super::{CaseEvent, Clocks, LineRefusal, Phase, Snapshot, Standing, State};
use cpor_durable::Transition;
use cpor_types::{Calendar, CaseId, TenantId, Timestamp};

/// A review case (R19-R24, R45).
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewCase {
    /// The customer: the owner part of the case's key.
    pub tenant: TenantId,
    /// The case, minted by claim-intake when the claim was submitted.
    pub id: CaseId,
    /// The claim as it was last submitted or resubmitted.
    pub snapshot: Snapshot,
    /// The reviewer's subject; kept from round to round (R21).
    pub reviewer: Option<String>,
    /// 1 for the submission, one more for each resubmission.
    pub round: u32,
    /// Where it stands.
    pub state: State,
    /// Its clocks.
    pub clocks: Clocks,
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

    /// The case in another state: its clocks follow, and a state that is over closes it.
    pub(super) fn entering(&self, state: State, now: Timestamp, calendar: &Calendar) -> Self {
        let phase = state.phase();
        Self {
            clocks: self.clocks.clone().entering(phase, now, calendar),
            state,
            update_time: now.max(self.update_time),
            close_time: (!phase.is_open()).then_some(now),
            ..self.clone()
        }
    }

    /// The case in the same state, with another reviewer.
    pub(super) fn given_to(&self, reviewer: Option<String>, now: Timestamp) -> Self {
        Self { reviewer, update_time: now.max(self.update_time), ..self.clone() }
    }
}

/// A transition with one event.
pub(super) fn transition(next: ReviewCase, event: CaseEvent) -> Transition<ReviewCase> {
    Transition { next, events: vec![event] }
}
