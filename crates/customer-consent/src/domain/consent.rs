use cpor_durable::{Aggregate, Elapsed, Transition};
use cpor_types::{Deadline, Timestamp};
use serde::{Deserialize, Serialize};

use super::state::{Channel, Spoken, State, StateKind};
use super::table::{self, Command, Input, Outcome};
use super::{ClaimFacts, Delivery, Event, Notice};

/// One customer's consent to one claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consent {
    /// The claim as last stated.
    pub(crate) claim: ClaimFacts,
    /// Where it stands.
    pub(crate) state: State,
    /// The customer's explicit approval (R26a), kept when a decline beats it.
    pub(crate) approval: Option<Spoken>,
    /// The notices, oldest first.
    pub(crate) notices: Vec<Notice>,
    /// When this last changed, in business time.
    pub(crate) update_time: Timestamp,
}

impl Consent {
    /// What the customer can do now that changes something.
    pub(crate) fn allowed_commands(&self) -> impl Iterator<Item = Command> + use<> {
        table::allowed_commands(self.state.kind(), self.approval.is_some())
    }

    /// How the customer spoke last.
    pub(crate) fn channel(&self) -> Option<Channel> {
        match &self.state {
            State::Declined(decline) => Some(decline.spoken.channel),
            State::Requested
            | State::AwaitingDelivery
            | State::GrantedAwaitingDelivery { .. }
            | State::WindowOpen(_)
            | State::GrantedInWindow { .. }
            | State::Granted { .. }
            | State::Closed { .. } => self.approval.map(|approval| approval.channel),
        }
    }

    /// The consent as it stands at `now`, deadlines applied (R47), whether or not they have fired.
    pub(crate) fn at(mut self, now: Timestamp) -> Self {
        while let Some(elapsed) = self.elapse(now) {
            self = elapsed.transition.next;
        }
        self
    }

    /// What the table says.
    pub(super) const fn outcome(&self, input: Input) -> Outcome {
        table::outcome(self.state.kind(), input)
    }

    /// This consent, changed at `now`, in another state. Where that is a last word, notices that have not gone out are withdrawn:
    /// what they would ask is answered. An approval is no last word while the customer can decline.
    pub(super) fn moved(&self, state: State, now: Timestamp) -> Self {
        let mut next = Self { state, update_time: now, ..self.clone() };
        match next.state.kind() {
            StateKind::Granted | StateKind::Declined | StateKind::Closed => next.withdraw_notices(now),
            StateKind::Requested
            | StateKind::AwaitingDelivery
            | StateKind::GrantedAwaitingDelivery
            | StateKind::WindowOpen
            | StateKind::GrantedInWindow => {}
        }
        next
    }

    /// The state in which the association is official from `now` on, by an approval (R26a) that can be taken back (R43).
    pub(super) fn official(&self, now: Timestamp) -> State {
        match self.state.open_window() {
            Some(window) => State::GrantedInWindow { since: now, window: window.clone() },
            None => State::GrantedAwaitingDelivery { since: now },
        }
    }

    fn withdraw_notices(&mut self, now: Timestamp) {
        for notice in &mut self.notices {
            if notice.delivery == Delivery::Queued {
                notice.delivery = Delivery::Withdrawn { time: now };
            }
        }
    }
}

impl Aggregate for Consent {
    type Event = Event;

    fn deadlines(&self) -> Vec<Deadline> {
        self.state.open_window().map(|window| window.deadline.clone()).into_iter().collect()
    }

    /// R27: in silence the association becomes official. After an explicit approval it is so already, and the window takes only the
    /// chance to decline with it.
    fn elapse(&self, now: Timestamp) -> Option<Elapsed<Self>> {
        let window = self.state.open_window().filter(|window| window.deadline.has_passed(now))?;
        let Outcome::Becomes(_) = self.outcome(Input::WindowPasses) else { return None };
        let due = window.deadline.due;
        let (since, events) = match self.state.official_since() {
            Some(since) => (since, vec![]),
            None => (due, vec![Event::WindowPassed]),
        };
        let next = self.moved(State::Granted { since, window: window.clone() }, due);
        Some(Elapsed { due, transition: Transition::new(next, events) })
    }
}
