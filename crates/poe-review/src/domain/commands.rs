//! What people do to a case. Each command is let through by the table, or refused.
use super::{
    Approval, CaseEvent, CommandKind, PartnerAction, Phase, Refusal, Rejection, ReviewCase, Reviewer, State,
    case::transition,
};
use cpor_durable::Transition;
use cpor_types::{Calendar, LineId, Timestamp};

/// What a command comes to: a change, nothing to change, or a refusal.
pub type Decision = Result<Option<Transition<ReviewCase>>, Refusal>;

impl ReviewCase {
    /// Gives the case to a reviewer (R19). Giving it to whom it belongs already changes nothing.
    ///
    /// # Errors
    /// What the table refuses.
    pub fn assign(&self, by: &Reviewer, reviewer: &str, now: Timestamp) -> Decision {
        self.admit(CommandKind::Assign, self.standing(by))?;
        Ok((self.reviewer() != Some(reviewer)).then(|| self.hand_over(Some(reviewer.to_owned()), now)))
    }

    /// Takes an unassigned case (R19).
    ///
    /// # Errors
    /// What the table refuses.
    pub fn take(&self, by: &Reviewer, now: Timestamp) -> Decision {
        self.admit(CommandKind::Take, self.standing(by))?;
        Ok(Some(self.hand_over(Some(by.subject.clone()), now)))
    }

    /// Gives the case back to the queue (R19).
    ///
    /// # Errors
    /// What the table refuses.
    pub fn release(&self, by: &Reviewer, now: Timestamp) -> Decision {
        self.admit(CommandKind::Release, self.standing(by))?;
        Ok(Some(self.hand_over(None, now)))
    }

    /// Starts the review (R19). A lead who starts a case that nobody has becomes its reviewer.
    ///
    /// # Errors
    /// What the table refuses.
    pub fn start(&self, by: &Reviewer, now: Timestamp, calendar: &Calendar) -> Decision {
        self.admit(CommandKind::Start, self.standing(by))?;
        let reviewer = self.reviewer.clone().unwrap_or_else(|| by.subject.clone());
        let next = Self { reviewer: Some(reviewer.clone()), ..self.entering(State::UnderReview, now, calendar) };
        Ok(Some(transition(self, next, CaseEvent::Started { reviewer })))
    }

    /// Asks the partner for something (R20).
    ///
    /// # Errors
    /// What the table refuses, [`Refusal::ReasonMissing`], [`Refusal::CommentMissing`], [`Refusal::LinesUnknown`],
    /// [`Refusal::NoLineLeft`].
    pub fn request_partner_action(
        &self,
        by: &Reviewer,
        action: PartnerAction,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Decision {
        self.admit(CommandKind::RequestPartnerAction, self.standing(by))?;
        if action.reasons.is_empty() {
            return Err(Refusal::ReasonMissing);
        }
        commented(&action.comment)?;
        self.spares_a_line(&action.remove_lines)?;
        let event = CaseEvent::PartnerActionRequested(action.clone());
        Ok(Some(transition(self, self.entering(State::PartnerActionRequired(action), now, calendar), event)))
    }

    /// Begins an approval, or joins the one under way, whose decision and comment then stand (R23).
    ///
    /// # Errors
    /// What the table refuses.
    pub fn approve(&self, by: &Reviewer, approval: Approval, now: Timestamp, calendar: &Calendar) -> Decision {
        self.admit(CommandKind::Approve, self.standing(by))?;
        if self.phase() == Phase::Approving {
            return Ok(None);
        }
        let event = CaseEvent::ApprovalBegun { decision_id: approval.decision_id };
        let next = Self { approval_refusals: Vec::new(), ..self.entering(State::Approving(approval), now, calendar) };
        Ok(Some(transition(self, next, event)))
    }

    /// Rejects (R24, R31, R32).
    ///
    /// # Errors
    /// What the table refuses, [`Refusal::ReasonNotOpen`], [`Refusal::CommentMissing`].
    pub fn reject(&self, by: &Reviewer, rejection: Rejection, now: Timestamp, calendar: &Calendar) -> Decision {
        self.admit(CommandKind::Reject, self.standing(by))?;
        if !rejection.primary_reason.is_open_to_reviewers() {
            return Err(Refusal::ReasonNotOpen);
        }
        commented(&rejection.comment)?;
        let event = CaseEvent::Rejected(rejection.clone());
        Ok(Some(transition(self, self.entering(State::Rejected(rejection), now, calendar), event)))
    }

    fn hand_over(&self, reviewer: Option<String>, now: Timestamp) -> Transition<Self> {
        transition(self, self.given_to(reviewer.clone(), now), CaseEvent::Assigned { reviewer })
    }

    /// Whether all of these are lines of the claim, and not all of its lines (R29, R30).
    fn spares_a_line(&self, removed: &[LineId]) -> Result<(), Refusal> {
        let is_known = |id: &LineId| self.snapshot.lines.iter().any(|line| line.id == *id);
        let unknown: Vec<LineId> = removed.iter().copied().filter(|id| !is_known(id)).collect();
        if !unknown.is_empty() {
            return Err(Refusal::LinesUnknown(unknown));
        }
        if self.snapshot.lines.iter().all(|line| removed.contains(&line.id)) {
            return Err(Refusal::NoLineLeft);
        }
        Ok(())
    }
}

fn commented(comment: &str) -> Result<(), Refusal> {
    if comment.trim().is_empty() { Err(Refusal::CommentMissing) } else { Ok(()) }
}
