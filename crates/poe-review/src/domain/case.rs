//! The review case, which is the aggregate of this service (loaded, decided and saved as a whole):
//! the review of one submitted or disputed claim, over all rounds of resubmission.
//!
//! A *line* is the part of a claim that is about one workload or subscription of the tenant (its
//! *key*). A line is *contested* while other companies claim or hold its key. A review lead
//! *awards* a contested key to one of the competing claims. A *legacy association* was recorded
//! before claims existed.
use super::{
    CaseEvent, CaseKind, CaseRole, Clocks, Competition, CompetitionTerms, LegacyStatement, LineRefusal, Phase,
    Snapshot, State, StatementRequest,
};
use cpor_durable::Transition;
use cpor_types::{AssociationKey, Calendar, CaseId, DecisionId, Length, LineId, TenantId, Timestamp};
use std::collections::BTreeSet;

/// A review case (R19-R24, R45).
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewCase {
    /// The tenant (customer) of the claim. It is the first part of the case's storage key.
    pub tenant: TenantId,
    /// The id of the case. claim-intake generates it when the claim is submitted or disputed.
    pub id: CaseId,
    /// Whether the case reviews a submission or a dispute.
    pub kind: CaseKind,
    /// The claim as it was last submitted, resubmitted or edited, without the lines in
    /// `ended_lines`.
    pub snapshot: Snapshot,
    /// The subject (user id) of the assigned reviewer. The reviewer stays the same after a
    /// resubmission (R21).
    pub reviewer: Option<String>,
    /// The review round: 1 for the submission or dispute, plus 1 for each resubmission.
    pub round: u32,
    /// The state of the review, with the data of that state.
    pub state: State,
    /// The deadlines of the review, which can stop and continue (R45).
    pub clocks: Clocks,
    /// The time between the reminder of a clock and its due time (R48), from the claim's policy
    /// profile.
    pub remind_before: Length,
    /// The values of the claim's policy profile about competition.
    pub competition_terms: CompetitionTerms,
    /// The competition of this case with others for the same workloads and subscriptions (R37).
    pub competition: Competition,
    /// Lines that were awarded to another claim, or whose association has ended.
    pub ended_lines: BTreeSet<LineId>,
    /// The registry's reasons for refusing to reserve lines for the last approval. Empty if it did
    /// not refuse.
    pub approval_refusals: Vec<LineRefusal>,
    /// The last request for a statement about contested lines (R37a, R58a).
    pub statement: Option<StatementRequest>,
    /// The statements of holders of legacy associations, oldest first (R58a).
    pub legacy_statements: Vec<LegacyStatement>,
    /// The time at which the case was opened.
    pub create_time: Timestamp,
    /// The time of the last change, not before `create_time`.
    pub update_time: Timestamp,
    /// The time at which the case was approved, rejected or closed. `None` while it is open.
    pub close_time: Option<Timestamp>,
}

/// A person who gives commands to cases: a reviewer or a review lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewer {
    /// The subject (user id) of the person's token.
    pub subject: String,
    /// Whether the person is a review lead.
    pub is_lead: bool,
}

impl ReviewCase {
    /// Returns the state without its data.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.state.phase()
    }

    /// Returns the subject of the assigned reviewer.
    #[must_use]
    pub fn reviewer(&self) -> Option<&str> {
        self.reviewer.as_deref()
    }

    /// Returns the role of a person with respect to this case. A review lead who is also the
    /// assigned reviewer counts as a review lead.
    #[must_use]
    pub fn role_of(&self, person: &Reviewer) -> CaseRole {
        match (person.is_lead, self.reviewer() == Some(person.subject.as_str())) {
            (true, _) => CaseRole::Lead,
            (false, true) => CaseRole::AssignedReviewer,
            (false, false) => CaseRole::OtherReviewer,
        }
    }

    /// Returns the case in another state, with its clocks updated.
    pub(super) fn with_state(&self, state: State, now: Timestamp, calendar: &Calendar) -> Self {
        Self { state, ..self.clone() }.with_updated_clocks(now, calendar)
    }

    /// Starts, stops or cancels the clocks as the state and the competition require. Also sets
    /// `close_time` if the case is no longer open.
    pub(super) fn with_updated_clocks(self, now: Timestamp, calendar: &Calendar) -> Self {
        let (phase, is_stopped) = (self.phase(), self.is_contested() && !self.competition_terms.clocks_run);
        Self {
            clocks: self.clocks.clone().update(phase, is_stopped, self.remind_before, now, calendar),
            update_time: now.max(self.update_time),
            close_time: if phase.is_open() { None } else { self.close_time.or(Some(now)) },
            ..self
        }
        .lapse_statement_if_uncontested(now)
    }

    /// Returns the case in the same state, with another reviewer.
    pub(super) fn with_reviewer(&self, reviewer: Option<String>, now: Timestamp) -> Self {
        Self { reviewer, update_time: now.max(self.update_time), ..self.clone() }
    }
}

/// Builds the transition from one case to the next with its event. It also contains
/// [`CaseEvent::CompetitionChanged`] if the contested or awarded lines differ,
/// [`CaseEvent::LegacyHoldersContested`] if the case now competes with further holders of legacy
/// associations, and [`CaseEvent::AwardReleased`] for each award that the next case no longer has.
pub(super) fn transition(previous: &ReviewCase, next: ReviewCase, event: CaseEvent) -> Transition<ReviewCase> {
    let mut events = vec![event];
    events.extend(competition_change_event(previous, &next));
    events.extend(legacy_contest_event(Some(previous), &next));
    let is_released = |(key, _): &(&AssociationKey, &DecisionId)| !next.competition.awards.contains_key(key);
    let released = previous.competition.awards.iter().filter(is_released);
    events.extend(
        released.map(|(key, decision_id)| CaseEvent::AwardReleased { key: key.clone(), decision_id: *decision_id }),
    );
    Transition::new(next, events)
}

/// Returns an event if the case competes with holders of legacy associations with which it did not
/// compete before (R58a).
pub(super) fn legacy_contest_event(previous: Option<&ReviewCase>, next: &ReviewCase) -> Option<CaseEvent> {
    let before = previous.map(ReviewCase::legacy_holders).unwrap_or_default();
    let mut holders = next.legacy_holders();
    holders.retain(|key, holder| before.get(key) != Some(&*holder));
    (!holders.is_empty()).then_some(CaseEvent::LegacyHoldersContested { holders })
}

/// Returns an event if the contested lines, or the lines that were awarded to a rival, have
/// changed, and the case still competes for a line.
pub(super) fn competition_change_event(previous: &ReviewCase, next: &ReviewCase) -> Option<CaseEvent> {
    let (lines, awarded) = (next.contested_lines(), next.lines_awarded_to_rivals());
    let has_changed = (&lines, &awarded) != (&previous.contested_lines(), &previous.lines_awarded_to_rivals());
    let is_competing = next.competing_lines().next().is_some();
    (is_competing && has_changed).then_some(CaseEvent::CompetitionChanged { lines, awarded })
}
