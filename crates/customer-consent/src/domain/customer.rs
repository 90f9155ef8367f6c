//! The customer's commands: approve (R26a) and decline (R26, R43). The partner's association is
//! *official* when the claim is approved and the customer consents: explicitly, or by silence until
//! the end of the consent window. The customer contact is *authorized* if its approval by link and
//! its silence count as consent of the tenant.

use cpor_durable::Transition;
use cpor_types::Timestamp;
use uuid::Uuid;

use super::state::{Channel, DecisionRecord, Decline, State};
use super::table::{CustomerCommand, Effect, Input};
use super::{Consent, Event, Refusal};

/// The result of a command on a consent. `None` means that the command adds nothing (the decision
/// was given before, or the notice that is to be sent again is still queued): the consent does not
/// change, and the caller gets the same answer again.
pub(super) type CommandResult = Result<Option<Transition<Consent>>, Refusal>;

impl Consent {
    /// Approves the claim explicitly (R26a). The partner's association becomes official at once, or
    /// as soon as the claim is approved. An approval by link of a contact that is not authorized is
    /// recorded, and counts when a reviewer has confirmed the contact (R43a).
    pub(crate) fn approve(&self, channel: Channel, now: Timestamp) -> CommandResult {
        let counts = self.approval_counts(channel);
        // An approval that counts is not a repetition of one that does not count.
        let is_repeated = self.approval.is_some_and(|approval| !counts || self.approval_counts(approval.channel));
        if is_repeated && !self.state.kind().is_over() {
            return Ok(None);
        }
        let state = match self.effect(Input::Approve) {
            Effect::MovesTo(_) if counts => self.granted_state(now),
            Effect::MovesTo(_) | Effect::StateKept => self.state.clone(),
            Effect::Nothing => return Ok(None),
            Effect::Refused => return Err(self.refusal()),
        };
        let mut next = Self { approval: Some(DecisionRecord { time: now, channel }), ..self.with_state(state, now) };
        let consent_request_number = self.claim.consent_request_number;
        let approved = Event::CustomerApproved { channel, consent_request_number, awaits_confirmation: !counts };
        let confirmation = next.queue_confirmation(CustomerCommand::Approve, now);
        Ok(Some(Transition::new(next, std::iter::once(approved).chain(confirmation))))
    }

    /// Approves the claim through the link of a notice (a mail to the customer contact). Links that
    /// were sent before the claim was edited cannot approve (R29).
    pub(crate) fn approve_by_link(&self, notice: Uuid, now: Timestamp) -> CommandResult {
        if self.can_approve_by_link_of(notice) { self.approve(Channel::Link, now) } else { Err(Refusal::LinkOutdated) }
    }

    /// Returns whether the link of this notice can approve the claim. Every link can decline it
    /// (R29).
    pub(crate) fn can_approve_by_link_of(&self, notice: Uuid) -> bool {
        self.notices.iter().any(|candidate| candidate.id == notice && candidate.is_current)
    }

    /// Declines the claim through the link of a notice. The decision is also confirmed to the
    /// contact of that notice, if the claim has another contact now (R43a).
    pub(crate) fn decline_by_link(&self, notice: Uuid, comment: &str, now: Timestamp) -> CommandResult {
        let declined = self.decline(Channel::Link, comment, now)?;
        let link_contact = self.notices.iter().find(|candidate| candidate.id == notice).map(|notice| &notice.contact);
        let former_contact = link_contact.filter(|contact| contact.email != self.claim.contact.email);
        Ok(declined.map(|mut transition| {
            let mail = former_contact.and_then(|contact| {
                transition.next.queue_confirmation_to(contact.clone(), CustomerCommand::Decline, now)
            });
            transition.events.extend(mail);
            transition
        }))
    }

    /// Declines the claim (R26). This is possible from the submission until the consent window has
    /// passed, afterwards while the contact has to be confirmed (R43a), at any time if the policy
    /// allows that (R43), and while a rejection of the claim can be disputed (R28). A decline
    /// overrides an approval.
    pub(crate) fn decline(&self, channel: Channel, comment: &str, now: Timestamp) -> CommandResult {
        match self.effect(self.input(CustomerCommand::Decline)) {
            Effect::MovesTo(_) => {
                let decline = Decline { decision: DecisionRecord { time: now, channel }, comment: comment.into() };
                let mut next = self.with_state(State::Declined(decline), now);
                let consent_request_number = self.claim.consent_request_number;
                let declined = Event::CustomerDeclined {
                    channel,
                    comment: comment.into(),
                    consent_request_number,
                    decline_time: None,
                };
                let confirmation = next.queue_confirmation(CustomerCommand::Decline, now);
                Ok(Some(Transition::new(next, std::iter::once(declined).chain(confirmation))))
            }
            Effect::StateKept | Effect::Nothing => Ok(None),
            Effect::Refused => Err(self.refusal()),
        }
    }

    /// Returns why the current state refuses a command.
    pub(super) fn refusal(&self) -> Refusal {
        match &self.state {
            State::Declined(_) => Refusal::AlreadyDeclined,
            State::RejectedDisputable { .. } | State::Closed { .. } => Refusal::ClaimClosed,
            State::Requested
            | State::AwaitingReviewInWindow(_)
            | State::AwaitingReviewWindowPassed(_)
            | State::AwaitingDelivery(_)
            | State::GrantedAwaitingDelivery { .. }
            | State::WindowOpen(_)
            | State::AwaitingConfirmation(_)
            | State::GrantedInWindow { .. }
            | State::Granted { .. } => {
                Refusal::WindowPassed { due: self.state.window().map(|window| window.deadline.due) }
            }
        }
    }
}
