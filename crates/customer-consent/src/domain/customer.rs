//! What the customer says (R26, R26a, R43).

use cpor_durable::Transition;
use cpor_types::Timestamp;
use uuid::Uuid;

use super::state::{Channel, DecisionRecord, Decline, State};
use super::table::{CustomerCommand, Effect, Input};
use super::{Consent, Event, Refusal};

/// `None` where it has been said before: the first answer stands.
pub(super) type CommandResult = Result<Option<Transition<Consent>>, Refusal>;

impl Consent {
    /// The customer approves explicitly (R26a): the association is official at once, or at approval if that is still to come.
    pub(crate) fn approve(&self, channel: Channel, now: Timestamp) -> CommandResult {
        if self.approval.is_some() && !self.state.kind().is_over() {
            return Ok(None);
        }
        let state = match self.effect(Input::Approve) {
            Effect::MovesTo(_) => self.granted_state(now),
            Effect::Recorded => self.state.clone(),
            Effect::Nothing => return Ok(None),
            Effect::Refused => return Err(self.refusal()),
        };
        let next = Self { approval: Some(DecisionRecord { time: now, channel }), ..self.with_state(state, now) };
        Ok(Some(Transition::new(next, [Event::CustomerApproved { channel, askings: self.claim.askings }])))
    }

    /// The same by the link of a notice. What a notice told before the claim was changed cannot be approved any more (R29).
    pub(crate) fn approve_by_link(&self, notice: Uuid, now: Timestamp) -> CommandResult {
        if self.can_approve_by_link_of(notice) { self.approve(Channel::Link, now) } else { Err(Refusal::LinkOutdated) }
    }

    /// Whether the link of this notice can approve; any can decline (R29).
    pub(crate) fn can_approve_by_link_of(&self, notice: Uuid) -> bool {
        self.notices.iter().any(|known| known.id == notice && known.current)
    }

    /// The customer declines (R26): possible from submission until the window has passed, or at any time where the policy says so, and
    /// beats an approval.
    pub(crate) fn decline(&self, channel: Channel, comment: &str, now: Timestamp) -> CommandResult {
        match self.effect(self.input(CustomerCommand::Decline)) {
            Effect::MovesTo(_) => {
                let decline = Decline { decision: DecisionRecord { time: now, channel }, comment: comment.to_owned() };
                let next = self.with_state(State::Declined(decline), now);
                Ok(Some(Transition::new(next, [Event::CustomerDeclined { channel, comment: comment.to_owned() }])))
            }
            Effect::Recorded | Effect::Nothing => Ok(None),
            Effect::Refused => Err(self.refusal()),
        }
    }

    /// Why a word is not taken in this state.
    pub(super) fn refusal(&self) -> Refusal {
        match &self.state {
            State::Declined(_) => Refusal::AlreadyDeclined,
            State::Disputable { .. } | State::Closed { .. } => Refusal::ClaimClosed,
            State::Requested
            | State::RequestedInWindow(_)
            | State::RequestedWindowPassed(_)
            | State::AwaitingDelivery
            | State::GrantedAwaitingDelivery { .. }
            | State::WindowOpen(_)
            | State::GrantedInWindow { .. }
            | State::Granted { .. } => {
                Refusal::WindowPassed { due: self.state.window().map(|window| window.deadline.due) }
            }
        }
    }
}
