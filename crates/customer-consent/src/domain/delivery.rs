//! Sends notices (mails about the claim to the customer contact), and applies the mail system's
//! reports that a notice was accepted or bounced (R40, R41, R41b, R44). An accepted notice can open
//! the *consent window*: the time in which silence of the customer counts as consent. When the
//! claim is approved and the customer has consented, the partner's association is *official*: the
//! partner is on record. The [`Terms`] are the values of the policy that applies to the claim, for
//! example the length of the window.

use cpor_durable::Transition;
use cpor_types::{Timestamp, WindowStart};
use uuid::Uuid;

use super::customer::CommandResult;
use super::notice::{Delivery, DeliveryReport, Notice, NoticeKind};
use super::state::{State, Window};
use super::table::{Effect, Input};
use super::{Consent, Contact, Event, Refusal, Terms};

impl Consent {
    /// Sends the last notice again (R44), as a new mail to the claim's contact with a new link. A
    /// notice that is still queued is not queued twice. An open consent window does not change. If
    /// no window is open yet, it opens when this notice is accepted, provided that a notice of this
    /// kind can start the window by policy.
    pub(crate) fn resend_notice(&self, notice: Uuid, now: Timestamp) -> CommandResult {
        match self.effect(Input::Resend) {
            Effect::MovesTo(_) | Effect::StateKept => {}
            Effect::Nothing => return Ok(None),
            Effect::Refused => return Err(self.refusal()),
        }
        let last = self.notices.last().filter(|last| last.is_current).ok_or(Refusal::NoNotice)?;
        if last.delivery == Delivery::Queued {
            return Ok(None);
        }
        let (kind, previous) = (last.kind, last.delivery.state());
        let next = Self { update_time: now, ..self.clone() };
        let mut transition = next.queue_notice_if(true, notice, kind, now);
        transition.events.insert(0, Event::NoticeResent { kind, previous });
        Ok(Some(transition))
    }

    /// Records, for an operator, that a notice bounced after it was sent (R41b). This is for
    /// bounces that the mail system did not report. A repeated command changes nothing.
    pub(crate) fn record_bounce(&self, notice: Uuid, reason: &str, terms: &Terms, now: Timestamp) -> CommandResult {
        let found = self.notices.iter().find(|candidate| candidate.id == notice).ok_or(Refusal::NoticeUnknown)?;
        if found.delivery == Delivery::Queued {
            return Err(Refusal::NoticeNotSent);
        }
        Ok(self.on_notice_reported(notice, DeliveryReport::Bounced(reason.to_owned()), terms, now))
    }

    /// Records whether the mail system accepted a notice (R41). The consent window starts with the
    /// first accepted notice that can start it by policy. As long as all notices bounce, the window
    /// does not open. If an accepted notice bounces later, the window is counted as if that notice
    /// had never been accepted (R41b). Returns `None` if the consent has no such notice, or if the
    /// report changes nothing about it.
    pub(crate) fn on_notice_reported(
        &self,
        notice: Uuid,
        report: DeliveryReport,
        terms: &Terms,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let index = self.notices.iter().position(|candidate| candidate.id == notice && candidate.admits(&report))?;
        let mut next = Self { update_time: now, ..self.clone() };
        let notice_entry = next.notices.get_mut(index)?;
        let previous = std::mem::replace(
            &mut notice_entry.delivery,
            match &report {
                DeliveryReport::Accepted => Delivery::Accepted { time: now },
                DeliveryReport::Bounced(_) => Delivery::Bounced { time: now },
            },
        );
        let (kind, is_current) = (notice_entry.kind, notice_entry.is_current);
        let starts_window = is_current && notice_entry.can_start_window(terms.window_start);
        let window_event = match &report {
            DeliveryReport::Accepted if starts_window => next.open_window(terms, now),
            DeliveryReport::Accepted => None,
            DeliveryReport::Bounced(_) => next.recount_window(terms, now),
        };
        let consent_request_number = is_current.then_some(self.claim.consent_request_number);
        let reported =
            Event::NoticeDeliveryReported { kind, report, previous: previous.state(), consent_request_number };
        Some(Transition::new(next, std::iter::once(reported).chain(window_event)))
    }

    /// Counts the consent window anew after a notice has bounced: from the first notice that is
    /// still accepted (R41b). Without such a notice the window stops. An association that is
    /// official because the window has passed does not change. Returns the event that reports the
    /// change to claim-intake; `None` if the window stays the same, or if the claim is not
    /// approved.
    fn recount_window(&mut self, terms: &Terms, now: Timestamp) -> Option<Event> {
        let Effect::MovesTo(_) = self.effect(Input::AcceptedNoticeBounces) else { return None };
        let open_time = self.state.window()?.open_time;
        let window = self.window_from_notices(terms);
        if window.as_ref().is_some_and(|window| window.open_time == open_time) {
            return None;
        }
        let opened_event = window.as_ref().map(Window::opened_event);
        let delivery_period = terms.delivery_period(self.claim_approve_time.unwrap_or(now), now);
        let stopped = |delivery_due| Some(Event::WindowStopped { delivery_due });
        let (state, event) = match (&self.state, window) {
            (State::AwaitingReviewInWindow(_) | State::AwaitingReviewWindowPassed(_), None) => (State::Requested, None),
            (State::AwaitingReviewInWindow(_) | State::AwaitingReviewWindowPassed(_), Some(window)) => {
                (State::AwaitingReviewInWindow(window), None)
            }
            (State::WindowOpen(_) | State::AwaitingConfirmation(_), None) => {
                let event = stopped(Some(delivery_period.deadline.due));
                (State::AwaitingDelivery(delivery_period), event)
            }
            (State::WindowOpen(_) | State::AwaitingConfirmation(_), Some(window)) => {
                (State::WindowOpen(window), opened_event)
            }
            (State::GrantedInWindow { since, .. }, None) => {
                (State::GrantedAwaitingDelivery { since: *since }, stopped(None))
            }
            (State::GrantedInWindow { since, .. }, Some(window)) => {
                (State::GrantedInWindow { since: *since, window }, opened_event)
            }
            (
                State::Requested
                | State::AwaitingDelivery(_)
                | State::GrantedAwaitingDelivery { .. }
                | State::Granted { .. }
                | State::Declined(_)
                | State::RejectedDisputable { .. }
                | State::Closed { .. },
                _,
            ) => return None,
        };
        self.state = state;
        event
    }

    /// Returns the consent window that is counted from the first accepted notice (R41), or `None`
    /// if no notice is accepted.
    pub(super) fn window_from_notices(&self, terms: &Terms) -> Option<Window> {
        let accept_time = |notice: &Notice| match notice.delivery {
            Delivery::Accepted { time } if notice.is_current && notice.can_start_window(terms.window_start) => {
                Some(time)
            }
            Delivery::Accepted { .. } | Delivery::Queued | Delivery::Bounced { .. } | Delivery::Withdrawn { .. } => {
                None
            }
        };
        let first_accepted = self.notices.iter().filter_map(accept_time).min();
        first_accepted.map(|accepted| terms.window_opened_at(accepted))
    }

    /// Opens the consent window if the current state waits for it. Returns the event that reports
    /// the window to claim-intake; `None` if no window opens, and before the claim is approved,
    /// because [`Consent::on_claim_approved`] reports the window then.
    fn open_window(&mut self, terms: &Terms, now: Timestamp) -> Option<Event> {
        let Effect::MovesTo(_) = self.effect(Input::NoticeAccepted) else { return None };
        let window = terms.window_opened_at(now);
        let opened_event = window.opened_event();
        match &self.state {
            State::Requested => {
                self.state = State::AwaitingReviewInWindow(window);
                None
            }
            State::GrantedAwaitingDelivery { since } => {
                self.state = State::GrantedInWindow { since: *since, window };
                Some(opened_event)
            }
            State::AwaitingDelivery(_) => {
                self.state = State::WindowOpen(window);
                Some(opened_event)
            }
            State::AwaitingReviewInWindow(_)
            | State::AwaitingReviewWindowPassed(_)
            | State::WindowOpen(_)
            | State::AwaitingConfirmation(_)
            | State::GrantedInWindow { .. }
            | State::Granted { .. }
            | State::Declined(_)
            | State::RejectedDisputable { .. }
            | State::Closed { .. } => None,
        }
    }

    /// Queues a notice to the claim's contact if `is_wanted` is true (the policy may exclude it),
    /// and returns the resulting transition.
    pub(super) fn queue_notice_if(
        self,
        is_wanted: bool,
        id: Uuid,
        kind: NoticeKind,
        now: Timestamp,
    ) -> Transition<Self> {
        if !is_wanted {
            return Transition::new(self, []);
        }
        let contact = self.claim.contact.clone();
        self.queue_notice(id, kind, contact, true, now)
    }

    /// Queues a notice and returns the resulting transition. `is_current` becomes
    /// [`Notice::is_current`]: it is false for a former contact.
    pub(super) fn queue_notice(
        mut self,
        id: Uuid,
        kind: NoticeKind,
        contact: Contact,
        is_current: bool,
        now: Timestamp,
    ) -> Transition<Self> {
        self.notices.push(Notice { id, kind, contact, is_current, queue_time: now, delivery: Delivery::Queued });
        Transition::new(self, [Event::NoticeQueued { notice: id }])
    }
}

impl Notice {
    /// Returns whether the acceptance of this notice can start the consent window (R41).
    pub(crate) const fn can_start_window(&self, window_start: WindowStart) -> bool {
        match (window_start, self.kind) {
            (WindowStart::NoticeAtSubmission, _) | (WindowStart::NoticeAtApproval, NoticeKind::Approval) => true,
            (WindowStart::NoticeAtApproval, NoticeKind::Submission | NoticeKind::Change | NoticeKind::Dispute) => false,
        }
    }
}
