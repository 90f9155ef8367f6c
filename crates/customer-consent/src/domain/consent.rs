use cpor_durable::{Aggregate, Elapsed, Transition};
use cpor_types::{Deadline, Timestamp};
use serde::{Deserialize, Serialize};

use super::state::{Channel, DecisionRecord, Decline, State, Window};
use super::table::{self, CustomerCommand, Effect, Input};
use super::{ClaimChange, ClaimSummary, Delivery, Event, Notice};

/// One customer's consent to one claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consent {
    /// The claim as last stated.
    pub(crate) claim: ClaimSummary,
    /// Where it stands.
    pub(crate) state: State,
    /// The customer's explicit approval (R26a), kept when a decline beats it; gone when lines or contact change (R29), or
    /// when the claim is disputed after that decline (R28).
    pub(crate) approval: Option<DecisionRecord>,
    /// The customer had declined before the claim was disputed: only an explicit approval makes it official (R28).
    pub(crate) declined_before: bool,
    /// The policy lets the customer decline at any time (R43).
    pub(crate) decline_any_time: bool,
    /// What the partner last changed since the submission or dispute (R29).
    pub(crate) change: Option<ClaimChange>,
    /// The notices, oldest first; the last one is to the claim's contact.
    pub(crate) notices: Vec<Notice>,
    /// When this last changed, in business time.
    pub(crate) update_time: Timestamp,
}

impl Consent {
    /// What the customer can do now that changes something.
    pub(crate) fn allowed_commands(&self) -> impl Iterator<Item = CustomerCommand> {
        CustomerCommand::ALL.into_iter().filter(|command| match self.effect(self.input(*command)) {
            Effect::MovesTo(_) => true,
            Effect::Recorded => self.approval.is_none(),
            Effect::Nothing | Effect::Refused => false,
        })
    }

    /// How the customer spoke last.
    pub(crate) fn channel(&self) -> Option<Channel> {
        self.current_decline().map(|decline| decline.decision).or(self.approval).map(|decision| decision.channel)
    }

    /// The customer's no, where that is where it stands.
    pub(crate) fn current_decline(&self) -> Option<&Decline> {
        match &self.state {
            State::Declined(decline) => Some(decline),
            State::Requested
            | State::RequestedInWindow(_)
            | State::RequestedWindowPassed(_)
            | State::AwaitingDelivery
            | State::GrantedAwaitingDelivery { .. }
            | State::WindowOpen(_)
            | State::GrantedInWindow { .. }
            | State::Granted { .. }
            | State::Disputable { .. }
            | State::Closed { .. } => None,
        }
    }

    /// Whether the vendor has checked the claim and approved it.
    pub(crate) fn is_past_review(&self) -> bool {
        !matches!(self.state, State::Requested | State::RequestedInWindow(_) | State::RequestedWindowPassed(_))
    }

    /// Whether the customer has not been reached (R41): the last notice bounced, and no window is open or has passed.
    pub(crate) fn is_waiting_for_delivery(&self) -> bool {
        let bounced = self.notices.last().is_some_and(|last| matches!(last.delivery, Delivery::Bounced { .. }));
        bounced && self.state.window().is_none() && !self.state.kind().is_over()
    }

    /// Whether silence does not make the association official: the customer declined before, and has not approved since (R28).
    pub(crate) fn needs_explicit_approval(&self) -> bool {
        self.declined_before && self.approval.is_none()
    }

    /// The consent as it stands at `now`, deadlines applied (R47), whether or not they have fired.
    pub(crate) fn with_deadlines_applied(mut self, now: Timestamp) -> Self {
        while let Some(elapsed) = self.elapse(now) {
            self = elapsed.transition.next;
        }
        self
    }

    /// What the table says.
    pub(super) const fn effect(&self, input: Input) -> Effect {
        table::effect(self.state.kind(), input)
    }

    /// What a customer's command is to the table.
    pub(super) const fn input(&self, command: CustomerCommand) -> Input {
        match command {
            CustomerCommand::Approve => Input::Approve,
            CustomerCommand::Decline if self.decline_any_time => Input::DeclineAnyTime,
            CustomerCommand::Decline => Input::Decline,
        }
    }

    /// This consent, changed at `now`, in another state. Where that is a last word, notices that have not gone out are withdrawn:
    /// what they would ask is answered. An approval is no last word while the customer can decline.
    pub(super) fn with_state(&self, state: State, now: Timestamp) -> Self {
        let mut next = Self { state, update_time: now, ..self.clone() };
        if next.state.kind().is_over() || matches!(next.state, State::Granted { .. }) {
            next.withdraw_queued_notices(now);
        }
        next
    }

    /// The state in which the association is official from `now` on, by an approval (R26a) that can be taken back (R43).
    pub(super) fn granted_state(&self, now: Timestamp) -> State {
        match self.state.open_window() {
            Some(window) => State::GrantedInWindow { since: now, window: window.clone() },
            None => State::GrantedAwaitingDelivery { since: now },
        }
    }

    /// The customer, who had declined before, was silent until `now`: that counts as the same answer (R28).
    pub(super) fn decline_by_silence(&self, now: Timestamp) -> Transition<Self> {
        let channel = Channel::Silence;
        let decline = Decline { decision: DecisionRecord { time: now, channel }, comment: String::new() };
        let event = Event::CustomerDeclined { channel, comment: String::new() };
        Transition::new(self.with_state(State::Declined(decline), now), [event])
    }

    pub(super) fn withdraw_queued_notices(&mut self, now: Timestamp) {
        for notice in &mut self.notices {
            if notice.delivery == Delivery::Queued {
                notice.delivery = Delivery::Withdrawn { time: now };
            }
        }
    }

    /// R27: in silence the association becomes official, or the claim is rejected again (R28). After an explicit approval it is
    /// official already, and the window takes only the chance to decline with it, which is told too (R56).
    fn window_passed(&self, window: &Window) -> Transition<Self> {
        let due = window.deadline.due;
        let granted = |since| self.with_state(State::Granted { since, window: window.clone() }, due);
        match self.state.official_since() {
            Some(since) => Transition::new(granted(since), [Event::WindowPassed]),
            None if self.declined_before => self.decline_by_silence(due),
            None => Transition::new(granted(due), [Event::WindowPassed]),
        }
    }
}

impl Aggregate for Consent {
    type Event = Event;

    fn deadlines(&self) -> Vec<Deadline> {
        self.state.deadline().cloned().into_iter().collect()
    }

    fn elapse(&self, now: Timestamp) -> Option<Elapsed<Self>> {
        let due = self.state.deadline().filter(|deadline| deadline.has_passed(now))?.due;
        let input = if matches!(self.state, State::Disputable { .. }) {
            Input::DisputeWindowPasses
        } else if self.declined_before {
            Input::WindowPassesAfterDecline
        } else {
            Input::WindowPasses
        };
        let Effect::MovesTo(_) = self.effect(input) else { return None };
        let transition = match &self.state {
            State::RequestedInWindow(window) => {
                Transition::new(self.with_state(State::RequestedWindowPassed(window.clone()), due), [])
            }
            State::WindowOpen(window) | State::GrantedInWindow { window, .. } => self.window_passed(window),
            State::Disputable { since, .. } => {
                Transition::new(self.with_state(State::Closed { since: *since }, due), [])
            }
            State::Requested
            | State::RequestedWindowPassed(_)
            | State::AwaitingDelivery
            | State::GrantedAwaitingDelivery { .. }
            | State::Granted { .. }
            | State::Declined(_)
            | State::Closed { .. } => return None,
        };
        Some(Elapsed { due, transition })
    }
}
