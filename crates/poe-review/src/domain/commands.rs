//! The commands of reviewers and review leads. A line is the part of a claim that is about one
//! workload or subscription of the tenant. The transition table decides whether a command is
//! allowed.
use super::{
    Approval, CaseEvent, CommandKind, CustomerContact, PartnerAction, Phase, Refusal, Rejection, ReviewCase, Reviewer,
    Snapshot, State, case::transition,
};
use cpor_durable::Transition;
use cpor_types::{Calendar, LineId, Timestamp};

/// The result of a command: a transition, `None` if there is nothing to change, or a refusal.
pub type CommandResult = Result<Option<Transition<ReviewCase>>, Refusal>;

impl ReviewCase {
    /// Assigns the case to a reviewer (R19). If it is already assigned to this reviewer, nothing
    /// changes.
    ///
    /// # Errors
    /// Returns the [`Refusal`] if the transition table does not allow the command.
    pub fn assign(&self, person: &Reviewer, reviewer: &str, now: Timestamp) -> CommandResult {
        self.authorize(CommandKind::Assign, self.role_of(person))?;
        Ok((self.reviewer() != Some(reviewer)).then(|| self.change_reviewer(Some(reviewer.to_owned()), now)))
    }

    /// Assigns an unassigned case to the person who gives the command (R19).
    ///
    /// # Errors
    /// Returns the [`Refusal`] if the transition table does not allow the command.
    pub fn take(&self, person: &Reviewer, now: Timestamp) -> CommandResult {
        self.authorize(CommandKind::Take, self.role_of(person))?;
        Ok(Some(self.change_reviewer(Some(person.subject.clone()), now)))
    }

    /// Removes the assignment, so that other reviewers can take the case (R19).
    ///
    /// # Errors
    /// Returns the [`Refusal`] if the transition table does not allow the command.
    pub fn release(&self, person: &Reviewer, now: Timestamp) -> CommandResult {
        self.authorize(CommandKind::Release, self.role_of(person))?;
        Ok(Some(self.change_reviewer(None, now)))
    }

    /// Starts the review (R19). A review lead who starts an unassigned case becomes its reviewer.
    ///
    /// # Errors
    /// Returns the [`Refusal`] if the transition table does not allow the command.
    pub fn start(&self, person: &Reviewer, now: Timestamp, calendar: &Calendar) -> CommandResult {
        self.authorize(CommandKind::Start, self.role_of(person))?;
        let reviewer = self.reviewer.clone().unwrap_or_else(|| person.subject.clone());
        let next = Self { reviewer: Some(reviewer.clone()), ..self.with_state(State::UnderReview, now, calendar) };
        Ok(Some(transition(self, next, CaseEvent::Started { reviewer })))
    }

    /// Asks the partner to change and resubmit the claim (R20).
    ///
    /// # Errors
    /// Returns the [`Refusal`] if the transition table does not allow the command, and
    /// [`Refusal::ReasonMissing`], [`Refusal::CommentMissing`], [`Refusal::LinesUnknown`] or
    /// [`Refusal::NoLineLeft`] if `action` is invalid.
    pub fn request_partner_action(
        &self,
        person: &Reviewer,
        action: PartnerAction,
        now: Timestamp,
        calendar: &Calendar,
    ) -> CommandResult {
        self.authorize(CommandKind::RequestPartnerAction, self.role_of(person))?;
        if action.reasons.is_empty() {
            return Err(Refusal::ReasonMissing);
        }
        require_comment(&action.comment)?;
        self.check_removed_lines(&action.remove_lines)?;
        let event = CaseEvent::PartnerActionRequested(action.clone());
        Ok(Some(transition(self, self.with_state(State::PartnerActionRequired(action), now, calendar), event)))
    }

    /// Begins an approval (R23). If an approval is already pending, that approval keeps its own
    /// decision id and comment, and nothing changes.
    ///
    /// # Errors
    /// Returns the [`Refusal`] if the transition table does not allow the command.
    pub fn approve(&self, person: &Reviewer, approval: Approval, now: Timestamp, calendar: &Calendar) -> CommandResult {
        self.authorize(CommandKind::Approve, self.role_of(person))?;
        if self.phase() == Phase::Approving {
            return Ok(None);
        }
        let event = CaseEvent::ApprovalBegun { decision_id: approval.decision_id };
        let next = Self { approval_refusals: Vec::new(), ..self.with_state(State::Approving(approval), now, calendar) };
        Ok(Some(transition(self, next, event)))
    }

    /// Rejects the claim (R24) with a primary reason (R31) and further reasons (R32).
    ///
    /// # Errors
    /// Returns the [`Refusal`] if the transition table does not allow the command, and
    /// [`Refusal::ReasonNotOpen`] or [`Refusal::CommentMissing`] if `rejection` is invalid.
    pub fn reject(
        &self,
        person: &Reviewer,
        rejection: Rejection,
        now: Timestamp,
        calendar: &Calendar,
    ) -> CommandResult {
        self.authorize(CommandKind::Reject, self.role_of(person))?;
        if !rejection.primary_reason.is_open_to_reviewers() {
            return Err(Refusal::ReasonNotOpen);
        }
        require_comment(&rejection.comment)?;
        let event = CaseEvent::Rejected(rejection.clone());
        Ok(Some(transition(self, self.with_state(State::Rejected(rejection), now, calendar), event)))
    }

    /// Confirms that the customer contact can decide for the tenant (R43a). If the contact is
    /// authorized already, nothing changes.
    ///
    /// # Errors
    /// Returns the [`Refusal`] if the transition table does not allow the command.
    pub fn confirm_contact(&self, person: &Reviewer, now: Timestamp) -> CommandResult {
        self.authorize(CommandKind::ConfirmContact, self.role_of(person))?;
        let contact = &self.snapshot.customer_contact;
        if contact.authorized {
            return Ok(None);
        }
        let event = CaseEvent::ContactConfirmed { email: contact.email.clone() };
        let customer_contact = CustomerContact { authorized: true, ..contact.clone() };
        let snapshot = Snapshot { customer_contact, ..self.snapshot.clone() };
        let next = Self { snapshot, update_time: now.max(self.update_time), ..self.clone() };
        Ok(Some(Transition::new(next, [event])))
    }

    fn change_reviewer(&self, reviewer: Option<String>, now: Timestamp) -> Transition<Self> {
        transition(self, self.with_reviewer(reviewer.clone(), now), CaseEvent::Assigned { reviewer })
    }

    /// Checks that all lines to remove are lines of the claim (R30), and that at least one line
    /// remains (R29).
    fn check_removed_lines(&self, removed: &[LineId]) -> Result<(), Refusal> {
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

pub(super) fn require_comment(comment: &str) -> Result<(), Refusal> {
    if cpor_types::is_blank(comment) { Err(Refusal::CommentMissing) } else { Ok(()) }
}
