//! The second half of an approval. A reviewer has approved, and the registry service was asked to
//! *hold* each line of the claim: to reserve the line's workload or subscription (its *key*) for
//! the claim's partner. This module applies the registry's answer to the case. The answer changes
//! nothing if the case no longer waits for it, so several processes may complete one approval.
use super::{Approval, CaseEvent, LineRefusal, ReviewCase, State, case::transition};
use cpor_durable::Transition;
use cpor_types::{Calendar, DecisionId, Timestamp};

impl ReviewCase {
    /// Approves the case, because the registry holds every line (R23). Returns `None` if the case
    /// does not wait for this decision.
    #[must_use]
    pub fn complete_approval(
        &self,
        decision_id: DecisionId,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        let approval = self.pending_approval_with(decision_id)?.clone();
        let next = self.with_state(State::Approved(approval.clone()), now, calendar);
        Some(transition(self, next, CaseEvent::Approved(approval)))
    }

    /// Puts the case back under review, because the registry refused to hold a line: another
    /// company holds the key (R36), or the partner or customer data has changed and the line is no
    /// longer allowed (R12). The review clocks continue with the time that they had left. Returns
    /// `None` if the case does not wait for this decision.
    #[must_use]
    pub fn cancel_approval(
        &self,
        decision_id: DecisionId,
        refusals: Vec<LineRefusal>,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        self.pending_approval_with(decision_id)?;
        let next = Self { approval_refusals: refusals.clone(), ..self.with_state(State::UnderReview, now, calendar) };
        Some(transition(self, next, CaseEvent::ApprovalRefused { decision_id, refusals }))
    }

    /// Returns the approval that waits for the registry's answer.
    #[must_use]
    pub const fn pending_approval(&self) -> Option<&Approval> {
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

    fn pending_approval_with(&self, decision_id: DecisionId) -> Option<&Approval> {
        self.pending_approval().filter(|approval| approval.decision_id == decision_id)
    }
}
