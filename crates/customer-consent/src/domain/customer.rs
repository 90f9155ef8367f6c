//! What the customer says (R26, R26a, R43).

use cpor_durable::Transition;
use cpor_types::Timestamp;

use super::state::{Channel, Decline, Spoken, State, StateKind};
use super::table::{Input, Outcome};
use super::{Consent, Event, Refusal};

/// `None` where the customer has said so before: the first answer stands.
type Answer = Result<Option<Transition<Consent>>, Refusal>;

impl Consent {
    /// The customer approves explicitly (R26a): the association is official at once, or at approval if that is still to come.
    pub(crate) fn approve(&self, channel: Channel, now: Timestamp) -> Answer {
        if self.approval.is_some() && !self.is_over() {
            return Ok(None);
        }
        let state = match self.outcome(Input::Approve) {
            Outcome::Becomes(_) => self.official(now),
            Outcome::Remembered => self.state.clone(),
            Outcome::Nothing => return Ok(None),
            Outcome::Refused => return Err(self.refusal()),
        };
        let next = Self { approval: Some(Spoken { time: now, channel }), ..self.moved(state, now) };
        Ok(Some(Transition::new(next, [Event::CustomerApproved { channel }])))
    }

    /// The customer declines (R26): possible from submission until the window has passed, and beats an approval.
    pub(crate) fn decline(&self, channel: Channel, comment: &str, now: Timestamp) -> Answer {
        match self.outcome(Input::Decline) {
            Outcome::Becomes(_) => {
                let decline = Decline { spoken: Spoken { time: now, channel }, comment: comment.to_owned() };
                let next = self.moved(State::Declined(decline), now);
                Ok(Some(Transition::new(next, [Event::CustomerDeclined { channel, comment: comment.to_owned() }])))
            }
            Outcome::Remembered | Outcome::Nothing => Ok(None),
            Outcome::Refused => Err(self.refusal()),
        }
    }

    /// Whether the claim has ended, by the customer's decline or otherwise.
    fn is_over(&self) -> bool {
        matches!(self.state.kind(), StateKind::Declined | StateKind::Closed)
    }

    /// Why the customer's word is not taken in this state.
    fn refusal(&self) -> Refusal {
        match &self.state {
            State::Declined(_) => Refusal::AlreadyDeclined,
            State::Closed { .. } => Refusal::ClaimClosed,
            State::Requested
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
