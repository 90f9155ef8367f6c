//! The aggregate [`Consent`], which is loaded, decided and saved as a whole: its data, the values
//! derived from the data, and its deadlines.
//!
//! The *association* of a claim is the record that the partner works with the customer. It becomes
//! *official* when the claim is approved and the customer consents: explicitly, or by silence until
//! the end of the *consent window*. A *notice* is a mail to the customer contact. The contact is
//! *authorized* if its approval by link and its silence count as consent of the tenant. All times
//! are those of the business clock, which deadlines use and which can be virtual.

use cpor_durable::{Aggregate, PassedDeadline, Transition};
use cpor_types::{Deadline, Personal, Timestamp};
use serde::{Deserialize, Serialize};

use super::state::{Channel, DecisionRecord, Decline, State, Window};
use super::table::{self, CustomerCommand, Effect, Input};
use super::{ClaimChange, ClaimSummary, Confirmation, Delivery, DeliveryPeriod, Event, Notice};

/// The customer's side of one claim: notices, consent window and decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consent {
    /// The claim as last reported by claim-intake, the service that owns the claims.
    pub(crate) claim: ClaimSummary,
    /// The state of the consent, with the data of that state.
    pub(crate) state: State,
    /// The customer's explicit approval (R26a), also if it does not count yet (R43a). It is kept
    /// when the customer declines later. It is removed when the partner changes lines (workloads or
    /// subscriptions) or contact of a claim in review (R29), or corrects the contact of an approved
    /// claim, unless an administrator of the tenant approved (R29a). A dispute removes it, too,
    /// unless claim-intake reports it as the customer's last decision (R28).
    pub(crate) approval: Option<DecisionRecord>,
    /// Whether the customer declined before the claim was disputed. If so, only an explicit
    /// approval makes the association official (R28).
    pub(crate) declined_before_dispute: bool,
    /// Whether the policy lets the customer decline at any time, also after the consent window
    /// (R43).
    pub(crate) decline_any_time: bool,
    /// The time at which the claim was last approved, if it was (R23).
    pub(crate) claim_approve_time: Option<Timestamp>,
    /// The partner's last edit of lines or contact since the submission or dispute, because of
    /// which the customer was asked anew (R29). `None` if there was none. A corrected contact of an
    /// approved claim (R29a) does not count.
    pub(crate) change: Option<ClaimChange>,
    /// The mails that confirmed decisions to the contact (R43a), oldest first.
    pub(crate) confirmations: Vec<Confirmation>,
    /// All notices, oldest first. The last one is addressed to the claim's current contact.
    pub(crate) notices: Vec<Notice>,
    /// The time of the last change.
    pub(crate) update_time: Timestamp,
}

impl Consent {
    /// Returns the commands that the customer can give now and that would change something.
    pub(crate) fn allowed_commands(&self) -> impl Iterator<Item = CustomerCommand> {
        CustomerCommand::ALL.into_iter().filter(|command| match self.effect(self.input(*command)) {
            Effect::MovesTo(_) => true,
            Effect::StateKept => self.effective_approval().is_none(),
            Effect::Nothing | Effect::Refused => false,
        })
    }

    /// Returns the channel of the customer's last decision, if there was one.
    pub(crate) fn channel(&self) -> Option<Channel> {
        self.current_decline().map(|decline| decline.decision).or(self.approval).map(|decision| decision.channel)
    }

    /// Returns the customer's decline, if the consent is in the state DECLINED.
    pub(crate) fn current_decline(&self) -> Option<&Decline> {
        match &self.state {
            State::Declined(decline) => Some(decline),
            State::Requested
            | State::AwaitingReviewInWindow(_)
            | State::AwaitingReviewWindowPassed(_)
            | State::AwaitingDelivery(_)
            | State::GrantedAwaitingDelivery { .. }
            | State::WindowOpen(_)
            | State::AwaitingConfirmation(_)
            | State::GrantedInWindow { .. }
            | State::Granted { .. }
            | State::RejectedDisputable { .. }
            | State::Closed { .. } => None,
        }
    }

    /// Returns whether the customer's silence was a decline (R28).
    pub(super) fn has_declined_by_silence(&self) -> bool {
        self.current_decline().is_some_and(|decline| decline.decision.channel == Channel::Silence)
    }

    /// Returns whether the consent is closed, and was at `time`. A contact that is corrected after
    /// the customer was not reached in time (R41a) is corrected too late (R47).
    pub(crate) fn was_closed_at(&self, time: Timestamp) -> bool {
        matches!(self.state, State::Closed { since } if since <= time)
    }

    /// Returns whether the consent no longer waits for the review of the claim. This is also true
    /// if the consent was declined or closed before the claim was approved.
    pub(crate) fn is_past_review(&self) -> bool {
        !matches!(
            self.state,
            State::Requested | State::AwaitingReviewInWindow(_) | State::AwaitingReviewWindowPassed(_)
        )
    }

    /// Returns whether the customer has not been reached: the last notice bounced, no consent
    /// window is open or has passed (R41), and the claim was not declined, rejected or closed.
    pub(crate) fn is_waiting_for_delivery(&self) -> bool {
        let has_bounced = self.notices.last().is_some_and(|last| matches!(last.delivery, Delivery::Bounced { .. }));
        has_bounced && self.state.window().is_none() && !self.state.kind().is_over()
    }

    /// Returns whether only an explicit approval makes the association official: the customer
    /// declined before a dispute and has not approved since (R28).
    pub(crate) fn needs_explicit_approval(&self) -> bool {
        self.declined_before_dispute && self.effective_approval().is_none()
    }

    /// Applies the deadlines that have passed by `now` (R47) and that the deadline task has not
    /// processed yet.
    pub(crate) fn with_deadlines_applied(mut self, now: Timestamp) -> Self {
        while let Some(passed) = self.apply_passed_deadline(now) {
            self = passed.transition.next;
        }
        self
    }

    /// Returns the effect that the transition table defines for `input` in the current state.
    pub(super) const fn effect(&self, input: Input) -> Effect {
        table::effect(self.state.kind(), input)
    }

    /// Returns the input of the transition table for a command of the customer.
    pub(super) const fn input(&self, command: CustomerCommand) -> Input {
        match command {
            CustomerCommand::Approve => Input::Approve,
            CustomerCommand::Decline if self.decline_any_time => Input::DeclineAnyTime,
            CustomerCommand::Decline => Input::Decline,
        }
    }

    /// Returns this consent in another state, changed at `now`. If the state is final for the
    /// customer, queued notices are withdrawn, because there is nothing left to decide. An approval
    /// is not final while the customer can still decline.
    pub(super) fn with_state(&self, state: State, now: Timestamp) -> Self {
        let mut next = Self { state, update_time: now, ..self.clone() };
        if next.state.kind().is_over() || matches!(next.state, State::Granted { .. }) {
            next.withdraw_queued_notices(now);
        }
        next
    }

    /// Returns the state in which the association is official from `now` on because of an explicit
    /// approval (R26a). Unless the window has passed, the customer can still decline (R43). A
    /// window that is not open yet opens when a notice is accepted.
    pub(super) fn granted_state(&self, now: Timestamp) -> State {
        match (self.state.open_window(), &self.state) {
            (Some(window), _) => State::GrantedInWindow { since: now, window: window.clone() },
            (None, State::AwaitingConfirmation(window)) => State::Granted { since: now, window: window.clone() },
            (None, _) => State::GrantedAwaitingDelivery { since: now },
        }
    }

    /// Records silence until the end of the window as a decline at `now`, because the customer
    /// declined before the dispute (R28).
    pub(super) fn decline_by_silence(&self, now: Timestamp) -> Transition<Self> {
        let channel = Channel::Silence;
        let decline = Decline { decision: DecisionRecord { time: now, channel }, comment: Personal::empty() };
        let consent_request_number = self.claim.consent_request_number;
        let event =
            Event::CustomerDeclined { channel, comment: Personal::empty(), consent_request_number, decline_time: None };
        Transition::new(self.with_state(State::Declined(decline), now), [event])
    }

    /// Returns the event that reports the end of the consent window to claim-intake.
    pub(super) fn window_passed_event(&self, awaits_confirmation: bool) -> Event {
        Event::WindowPassed { awaits_confirmation, consent_request_number: self.claim.consent_request_number }
    }

    /// Withdraws the notices that are still queued.
    pub(super) fn withdraw_queued_notices(&mut self, now: Timestamp) {
        for notice in &mut self.notices {
            if notice.delivery == Delivery::Queued {
                notice.delivery = Delivery::Withdrawn { time: now };
            }
        }
    }

    /// Applies the end of the consent window. Silence makes the association official (R27) if the
    /// contact is authorized (R43a). If the customer declined before a dispute, silence is a
    /// decline (R28). After an explicit approval the association is official already, and only the
    /// right to decline ends; the event is recorded nevertheless, for the claim's history (R56).
    fn pass_window(&self, window: &Window) -> Transition<Self> {
        let due = window.deadline.due;
        let to_granted = |since| self.with_state(State::Granted { since, window: window.clone() }, due);
        match self.state.official_since() {
            Some(since) => Transition::new(to_granted(since), [self.window_passed_event(false)]),
            None if self.needs_confirmation() => Transition::new(
                self.with_state(State::AwaitingConfirmation(window.clone()), due),
                [self.window_passed_event(true)],
            ),
            None if self.declined_before_dispute => self.decline_by_silence(due),
            None => Transition::new(to_granted(due), [self.window_passed_event(false)]),
        }
    }
}

impl Aggregate for Consent {
    type Event = Event;

    fn deadlines(&self) -> Vec<Deadline> {
        match self.state.delivery_period() {
            Some(period) => period.deadlines(),
            None => self.state.deadline().cloned().into_iter().collect(),
        }
    }

    fn apply_passed_deadline(&self, now: Timestamp) -> Option<PassedDeadline<Self>> {
        if let State::AwaitingDelivery(period @ DeliveryPeriod { remind_time: Some(due), .. }) = &self.state
            && *due <= now
        {
            // R48: the reminder is due before the deadline.
            let state = State::AwaitingDelivery(DeliveryPeriod { remind_time: None, ..period.clone() });
            let transition = Transition::new(self.with_state(state, *due), [Event::DeliveryReminderDue]);
            return Some(PassedDeadline { due: *due, transition });
        }
        let due = self.state.deadline().filter(|deadline| deadline.has_passed(now))?.due;
        let input = if matches!(self.state, State::RejectedDisputable { .. }) {
            Input::DisputeWindowPasses
        } else if self.state.delivery_period().is_some() {
            Input::DeliveryPeriodPasses
        } else if self.needs_confirmation() {
            Input::WindowPassesUnconfirmed
        } else if self.declined_before_dispute {
            Input::WindowPassesAfterDecline
        } else {
            Input::WindowPasses
        };
        let Effect::MovesTo(_) = self.effect(input) else { return None };
        let transition = match &self.state {
            State::AwaitingReviewInWindow(window) => {
                Transition::new(self.with_state(State::AwaitingReviewWindowPassed(window.clone()), due), [])
            }
            State::WindowOpen(window) | State::GrantedInWindow { window, .. } => self.pass_window(window),
            State::RejectedDisputable { since, .. } => {
                Transition::new(self.with_state(State::Closed { since: *since }, due), [])
            }
            // R41a: claim-intake rejects the claim when it gets the event.
            State::AwaitingDelivery(_) => {
                let consent_request_number = self.claim.consent_request_number;
                let not_reached = Event::CustomerNotReached { consent_request_number };
                Transition::new(self.with_state(State::Closed { since: due }, due), [not_reached])
            }
            State::Requested
            | State::AwaitingReviewWindowPassed(_)
            | State::GrantedAwaitingDelivery { .. }
            | State::AwaitingConfirmation(_)
            | State::Granted { .. }
            | State::Declined(_)
            | State::Closed { .. } => return None,
        };
        Some(PassedDeadline { due, transition })
    }
}
