//! The second half of approve-and-hold: what the registry answered to a decision. Whoever comes first completes it;
//! an answer to a decision that the case no longer waits for changes nothing.
use super::{Approval, CaseEvent, LineRefusal, ReviewCase, State, case::transition};
use cpor_durable::Transition;
use cpor_types::{Calendar, DecisionId, Timestamp};

impl ReviewCase {
    /// Every line is held: approved (R23).
    #[must_use]
    pub fn held(&self, decision_id: DecisionId, now: Timestamp, calendar: &Calendar) -> Option<Transition<Self>> {
        let approval = self.awaiting(decision_id)?.clone();
        let next = self.entering(State::Approved(approval.clone()), now, calendar);
        Some(transition(self, next, CaseEvent::Approved(approval)))
    }

    /// A line is not (R36), or the directory no longer admits it (R12): back under review, with what was left on the
    /// clocks.
    #[must_use]
    pub fn not_held(
        &self,
        decision_id: DecisionId,
        refusals: Vec<LineRefusal>,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        self.awaiting(decision_id)?;
        let next = Self { approval_refusals: refusals.clone(), ..self.entering(State::UnderReview, now, calendar) };
        Some(transition(self, next, CaseEvent::ApprovalRefused { decision_id, refusals }))
    }

    /// The approval under way.
    #[must_use]
    pub const fn approval_under_way(&self) -> Option<&Approval> {
        match &self.state {
            State::Approving(approval) => Some(approval),
            State::Waiting
            | State::UnderReview
            | State::PartnerActionRequired(_)
            | State::Approved(_)
            | State::Rejected(_)
            | State::Closed(_) => None,
        }
    }

    fn awaiting(&self, decision_id: DecisionId) -> Option<&Approval> {
        self.approval_under_way().filter(|approval| approval.decision_id == decision_id)
    }
}
