//! Applies the events that the service claim-intake reports about the claim. A report is never
//! refused. If it comes too late for the present state of the consent, the method returns `None`,
//! and nothing changes.
//!
//! The partner's association is *official* when the claim is approved and the customer consents:
//! explicitly, or by silence until the end of the *consent window*. A *notice* is a mail to the
//! customer contact. The contact is *authorized* if its approval by link and its silence count as
//! consent of the tenant.

use cpor_durable::Transition;
use cpor_types::{Deadline, Timestamp};
use uuid::Uuid;

use super::notice::{Delivery, Notice, NoticeKind};
use super::state::{State, StateKind, Window};
use super::table::{Effect, Input};
use super::{ClaimSummary, Consent, Event, Terms};

/// The approval of a claim, as reported by claim-intake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClaimApproval {
    /// The time at which the claim was approved, by the business clock, which deadlines use and
    /// which can be virtual.
    pub(crate) time: Timestamp,
    /// Whether claim-intake has recorded an explicit approval by the customer (R26a).
    pub(crate) customer_approved: bool,
    /// Whether the customer declined before the dispute, so that an explicit approval is needed
    /// (R28).
    pub(crate) explicit_approval_needed: bool,
}

/// How an edit of the claim notifies the customer (R29, R29a).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EditNotice {
    /// The customer is not notified.
    None,
    /// The contact of an approved claim is notified again, and nothing else changes.
    Repeat,
    /// The customer is asked anew: earlier links can only decline, and an earlier approval lapses.
    NewRequest,
}

/// The customer's last decision before a dispute, as reported by claim-intake (R28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EarlierDecision {
    /// The customer declined.
    Declined,
    /// The customer approved.
    Approved,
    /// The customer did neither.
    None,
}

impl Consent {
    /// Creates the consent of a submitted claim (R18) and queues the first notice if the policy
    /// requires a notice at submission (R40). `notice` becomes the id of that notice.
    pub(crate) fn request(claim: ClaimSummary, notice: Uuid, terms: &Terms, now: Timestamp) -> Transition<Self> {
        let consent = Self {
            claim,
            state: State::Requested,
            approval: None,
            declined_before_dispute: false,
            decline_any_time: terms.decline_any_time,
            claim_approve_time: None,
            change: None,
            confirmations: vec![],
            notices: vec![],
            update_time: now,
        };
        consent.queue_notice_if(terms.notices.at_submission, notice, NoticeKind::Submission, now)
    }

    /// Applies the approval of the claim (R23). The customer is notified and gets a consent window
    /// in which to decline (R41). If the customer has approved explicitly, the association is
    /// already official during that window (R26a). By some policies the window opened after the
    /// submission: then it continues, or its end is reported now if it has passed, because the
    /// association becomes official no earlier than the approval of the claim.
    pub(crate) fn on_claim_approved(
        &self,
        claim: ClaimSummary,
        approval: ClaimApproval,
        notice: Uuid,
        terms: &Terms,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let consent = Self {
            claim: claim.with_review_cases_of(&self.claim),
            declined_before_dispute: approval.explicit_approval_needed,
            claim_approve_time: Some(approval.time),
            ..self.state_at_approval(approval.time)
        };
        let has_approved = approval.customer_approved || consent.effective_approval().is_some();
        let input = match (has_approved, consent.declined_before_dispute) {
            (true, _) => Input::ClaimApprovedWithConsent,
            (false, _) if consent.needs_confirmation() => Input::ClaimApprovedUnconfirmed,
            (false, true) => Input::ClaimApprovedAfterDecline,
            (false, false) => Input::ClaimApproved,
        };
        let Effect::MovesTo(_) = consent.effect(input) else { return None };
        let passed_window = consent.state.window().filter(|_| consent.state.open_window().is_none());
        let mut transition = match (passed_window, consent.state.open_window()) {
            (Some(window), _) if !has_approved && consent.needs_confirmation() => {
                let next = consent.with_state(State::AwaitingConfirmation(window.clone()), now);
                return Some(Transition::new(next, [window.opened_event(), consent.window_passed_event(true)]));
            }
            (Some(window), _) if !has_approved && consent.declined_before_dispute => {
                let mut declined = consent.decline_by_silence(now);
                declined.events.insert(0, window.opened_event());
                return Some(declined);
            }
            (Some(window), _) => {
                let next = consent.with_state(State::Granted { since: now, window: window.clone() }, now);
                return Some(Transition::new(next, [window.opened_event(), consent.window_passed_event(false)]));
            }
            (None, Some(window)) => {
                let state = if has_approved { consent.granted_state(now) } else { State::WindowOpen(window.clone()) };
                Transition::new(consent.with_state(state, now), [window.opened_event()])
            }
            (None, None) => {
                let awaiting_delivery = || State::AwaitingDelivery(terms.delivery_period(approval.time, now));
                let state = if has_approved { consent.granted_state(now) } else { awaiting_delivery() };
                Transition::new(consent.with_state(state, now), [])
            }
        };
        // R41: a customer who was not reached at submission is notified, whatever the policy says.
        let is_wanted = terms.notices.at_approval || transition.next.is_waiting_for_delivery();
        let notice_transition = transition.next.queue_notice_if(is_wanted, notice, NoticeKind::Approval, now);
        transition.events.extend(notice_transition.events);
        Some(Transition { next: notice_transition.next, ..transition })
    }

    /// Applies an edit of the claim after its submission (R29, R37). If the customer is asked anew,
    /// the former and the current contact are notified, in that order, with the ids `notices`.
    /// After that, earlier links can only decline, and an earlier explicit approval is removed. If
    /// the claim is approved, only the current contact is notified (R29a).
    pub(crate) fn on_claim_edited(
        &self,
        claim: ClaimSummary,
        edit: EditNotice,
        notices: [Uuid; 2],
        terms: &Terms,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let claim = claim.with_review_cases_of(&self.claim);
        let input = match self.approval_of_tenant() {
            _ if self.has_declined_by_silence() => Input::ClaimEditedAfterSilence,
            Some(_) => Input::ClaimEditedWithConsent,
            None => Input::ClaimEdited,
        };
        match (edit, self.effect(input)) {
            (EditNotice::None, _) | (EditNotice::NewRequest, Effect::Nothing | Effect::Refused) => {
                return self.with_claim(claim, now);
            }
            (EditNotice::Repeat, _) => return Some(self.notify_again(claim, notices[1], now)),
            (EditNotice::NewRequest, Effect::MovesTo(StateKind::Requested)) => {}
            // The claim is approved: only its contacts can have been corrected (R29a).
            (EditNotice::NewRequest, Effect::MovesTo(_) | Effect::StateKept) => {
                return Some(self.ask_corrected_contact(claim, notices[1], terms, now));
            }
        }
        let former_contact = Some(self.claim.contact.clone()).filter(|former| former.email != claim.contact.email);
        let change = self.claim.difference_to(&claim);
        let consent = Self { claim, change: Some(change), ..self.reset_request(now) };
        let [first, second] = notices;
        let mut transition = Transition::new(consent, []);
        if let Some(former) = former_contact {
            transition = transition.next.queue_notice(first, NoticeKind::Change, former, false, now);
        }
        let contact = transition.next.claim.contact.clone();
        let notice_transition = transition.next.queue_notice(second, NoticeKind::Change, contact, true, now);
        transition.events.extend(notice_transition.events);
        Some(Transition { next: notice_transition.next, ..transition })
    }

    /// Notifies the contact of an approved claim again, because the partner corrected the technical
    /// contact (R29a). No notice is queued if one is still queued, or if the customer has nothing
    /// left to decide.
    fn notify_again(&self, claim: ClaimSummary, notice: Uuid, now: Timestamp) -> Transition<Self> {
        let mut transition = self.with_claim(claim, now).unwrap_or_else(|| Transition::new(self.clone(), []));
        let is_queued = |last: &Notice| last.is_current && last.delivery == Delivery::Queued;
        let is_wanted = transition.next.effect(Input::Resend) == Effect::StateKept
            && !transition.next.notices.last().is_some_and(is_queued);
        let notified = transition.next.queue_notice_if(is_wanted, notice, NoticeKind::Approval, now);
        transition.events.extend(notified.events);
        Transition { next: notified.next, ..transition }
    }

    /// Asks the new contact of an approved claim (R29a). The notice to this contact can open the
    /// consent window. Earlier links can only decline from now on.
    ///
    /// Before the report of the edit arrived, a notice to the former contact can have been
    /// accepted, and that contact can have approved by link or declined by silence (R28), or can
    /// have been given up because it was not reached in time (R41a). claim-intake ignores this,
    /// because it answers an earlier request. So it is undone here: the window stops, the approval
    /// by link or the decline by silence is removed, and the customer must be reached again (R41a).
    /// An approval by an administrator of the tenant does not depend on the contact. It is reported
    /// again for the new request.
    fn ask_corrected_contact(
        &self,
        claim: ClaimSummary,
        notice: Uuid,
        terms: &Terms,
        now: Timestamp,
    ) -> Transition<Self> {
        let approval = self.approval_of_tenant();
        let mut next = Self { claim, approval, update_time: now, ..self.clone() };
        next.withdraw_queued_notices(now);
        next.notices.iter_mut().for_each(|notice| notice.is_current = false);
        let mut events = Vec::new();
        match (approval, &self.state) {
            (Some(approval), state) => {
                events.extend(state.window().map(|_| Event::WindowStopped { delivery_due: None }));
                events.push(Event::CustomerApproved {
                    channel: approval.channel,
                    consent_request_number: next.claim.consent_request_number,
                    awaits_confirmation: false,
                });
                next.state = State::GrantedAwaitingDelivery { since: now };
            }
            (None, State::AwaitingDelivery(_)) => {}
            (None, _) => {
                let period = terms.delivery_period(self.claim_approve_time.unwrap_or(now), now);
                events.push(Event::WindowStopped { delivery_due: Some(period.deadline.due) });
                next.state = State::AwaitingDelivery(period);
            }
        }
        let notified = next.queue_notice_if(true, notice, NoticeKind::Approval, now);
        events.extend(notified.events);
        Transition::new(notified.next, events)
    }

    /// Applies the closing of the claim (R22, R24, R25). A rejection can be disputed until
    /// `disputable_until`. `None` means that the claim is closed for good. If the customer has
    /// declined, nothing changes.
    pub(crate) fn on_claim_closed(
        &self,
        disputable_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let (input, state) = match disputable_until {
            None => (Input::ClaimClosed, State::Closed { since: now }),
            Some(due) => {
                let until = Deadline { kind: "dispute_window".into(), due, rule: "the claim's dispute window".into() };
                (Input::ClaimRejected, State::RejectedDisputable { since: now, until })
            }
        };
        let Effect::MovesTo(_) = self.effect(input) else { return None };
        Some(Transition::new(self.with_state(state, now), []))
    }

    /// Applies a dispute of the rejection (R28): the customer is asked again, as at a submission.
    /// An approval that claim-intake has recorded still counts (R26a). An approval that came after
    /// the rejection, or that a decline overrode, does not.
    pub(crate) fn on_claim_disputed(
        &self,
        claim: ClaimSummary,
        earlier_decision: EarlierDecision,
        notice: Uuid,
        terms: &Terms,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let Effect::MovesTo(_) = self.effect(Input::ClaimDisputed) else { return None };
        let declined_before_dispute = earlier_decision == EarlierDecision::Declined
            || self.declined_before_dispute
            || self.current_decline().is_some();
        let approval =
            self.approval.filter(|_| earlier_decision == EarlierDecision::Approved && self.current_decline().is_none());
        let claim = claim.with_review_cases_of(&self.claim);
        let consent = Self { claim, approval, declined_before_dispute, change: None, ..self.reset_request(now) };
        Some(consent.queue_notice_if(terms.notices.at_submission, notice, NoticeKind::Dispute, now))
    }

    /// Applies the end of all associations of the claim (R37, R39): there is nothing left to
    /// decline. claim-intake is told that no decision of the customer is on its way (R56).
    pub(crate) fn on_lines_ended(&self, now: Timestamp) -> Option<Transition<Self>> {
        let state = match self.effect(Input::LinesEnded) {
            Effect::MovesTo(_) => State::Closed { since: now },
            Effect::StateKept => self.state.clone(),
            Effect::Nothing | Effect::Refused => return None,
        };
        let ended = Event::ConsentEnded { consent_request_number: self.claim.consent_request_number };
        Some(Transition::new(self.with_state(state, now), [ended]))
    }

    /// Applies the report that associations of the claim are official since `since` after all,
    /// although all of them were reported as ended (R47). The customer can decline as before, until
    /// the window passes. If the window has not opened, a notice with the id `notice` is queued,
    /// because queued notices were withdrawn when the associations ended (R40, R41).
    ///
    /// If the customer has declined, the decline is reported again: claim-intake ignored it while
    /// all associations counted as ended.
    pub(crate) fn on_lines_reinstated(
        &self,
        since: Timestamp,
        notice: Uuid,
        terms: &Terms,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        match self.effect(Input::LinesReinstated) {
            Effect::MovesTo(_) => {}
            Effect::StateKept => return self.report_decline_again(now),
            Effect::Nothing | Effect::Refused => return None,
        }
        let state = match self.window_from_notices(terms) {
            None => {
                let waiting = self.with_state(State::GrantedAwaitingDelivery { since }, now);
                return Some(waiting.queue_notice_if(true, notice, NoticeKind::Approval, now));
            }
            Some(window) if window.deadline.has_passed(now) => State::Granted { since, window },
            Some(window) => State::GrantedInWindow { since, window },
        };
        Some(Transition::new(self.with_state(state, now), []))
    }

    /// Reports the customer's decline to claim-intake again, with the time of the decline.
    fn report_decline_again(&self, now: Timestamp) -> Option<Transition<Self>> {
        let decline = self.current_decline()?;
        let event = Event::CustomerDeclined {
            channel: decline.decision.channel,
            comment: decline.comment.clone(),
            consent_request_number: self.claim.consent_request_number,
            decline_time: Some(decline.decision.time),
        };
        Some(Transition::new(Self { update_time: now, ..self.clone() }, [event]))
    }

    /// Returns this consent with the new content of the claim, without asking the customer again.
    /// If the same contact is authorized now, its earlier decision counts from now on (R43a).
    /// Returns `None` if nothing changes.
    fn with_claim(&self, claim: ClaimSummary, now: Timestamp) -> Option<Transition<Self>> {
        let is_newly_authorized = claim.contact_authorized
            && !self.claim.contact_authorized
            && claim.contact.email == self.claim.contact.email;
        let next = Self { claim, update_time: now, ..self.clone() };
        if is_newly_authorized {
            return Some(Self::on_contact_authorized(next, now));
        }
        (next.claim != self.claim).then(|| Transition::new(next, []))
    }

    /// Returns this consent with a new, unanswered request to the customer.
    fn reset_request(&self, now: Timestamp) -> Self {
        let mut next = Self { approval: None, ..self.with_state(State::Requested, now) };
        next.withdraw_queued_notices(now);
        next.notices.iter_mut().for_each(|notice| notice.is_current = false);
        next
    }

    /// Returns the consent as it was at `time`, when the claim was approved. The report of the
    /// approval may arrive late (R47). If the consent window has passed between `time` and now, it
    /// is open again in the result; the caller's writer then applies its deadline as usual.
    fn state_at_approval(&self, time: Timestamp) -> Self {
        match &self.state {
            State::AwaitingReviewWindowPassed(window) if !window.deadline.has_passed(time) => {
                Self { state: State::AwaitingReviewInWindow(window.clone()), ..self.clone() }
            }
            State::Requested
            | State::AwaitingReviewInWindow(_)
            | State::AwaitingReviewWindowPassed(_)
            | State::AwaitingDelivery(_)
            | State::GrantedAwaitingDelivery { .. }
            | State::WindowOpen(_)
            | State::AwaitingConfirmation(_)
            | State::GrantedInWindow { .. }
            | State::Granted { .. }
            | State::Declined(_)
            | State::RejectedDisputable { .. }
            | State::Closed { .. } => self.clone(),
        }
    }
}

impl Window {
    /// Returns the event that reports the window to claim-intake.
    pub(super) fn opened_event(&self) -> Event {
        Event::WindowOpened { due: self.deadline.due, rule: self.deadline.rule.clone() }
    }
}
