//! What claim-intake reports. A fact is never refused: one that no longer matters changes nothing (`None`).

use cpor_durable::Transition;
use cpor_types::{Deadline, Timestamp};
use uuid::Uuid;

use super::notice::NoticeKind;
use super::state::{State, Window};
use super::table::{Effect, Input};
use super::{ClaimSummary, Consent, Event, Terms};

/// What claim-intake says of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClaimApproval {
    /// When the claim was approved, in business time.
    pub(crate) time: Timestamp,
    /// The customer had approved before (R26a).
    pub(crate) customer_approved: bool,
    /// The customer had declined before (R28).
    pub(crate) explicit_approval_needed: bool,
}

/// What claim-intake says of the customer's word at a dispute (R28): the last one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EarlierDecision {
    /// They had declined.
    Declined,
    /// They had approved.
    Approved,
    /// Neither.
    None,
}

impl Consent {
    /// A claim was submitted (R18): the customer is consent, where the policy says so (R40). `notice` becomes the notice's id.
    pub(crate) fn request(claim: ClaimSummary, notice: Uuid, terms: &Terms, now: Timestamp) -> Transition<Self> {
        let consent = Self {
            claim,
            state: State::Requested,
            approval: None,
            declined_before: false,
            decline_any_time: terms.decline_any_time,
            change: None,
            notices: vec![],
            update_time: now,
        };
        consent.queue_notice_if(terms.notices.at_submission, notice, NoticeKind::Submission, now)
    }

    /// The claim was approved (R23). The customer is told and has a window to decline (R41), also where it has approved before: then the
    /// association is official meanwhile (R26a). Where the window is counted from the submission it goes on, and one that has passed
    /// in silence is told now: official no earlier than the approval.
    pub(crate) fn on_claim_approved(
        &self,
        claim: ClaimSummary,
        approval: ClaimApproval,
        notice: Uuid,
        terms: &Terms,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let consent =
            Self { claim, declined_before: approval.explicit_approval_needed, ..self.state_at_approval(approval.time) };
        let has_approved = approval.customer_approved || self.approval.is_some();
        let input = match (has_approved, consent.declined_before) {
            (true, _) => Input::ClaimApprovedWithConsent,
            (false, true) => Input::ClaimApprovedAfterDecline,
            (false, false) => Input::ClaimApproved,
        };
        let Effect::MovesTo(_) = consent.effect(input) else { return None };
        let passed_window = consent.state.window().filter(|_| consent.state.open_window().is_none());
        let mut transition = match (passed_window, consent.state.open_window()) {
            (Some(_), _) if !has_approved && consent.declined_before => return Some(consent.decline_by_silence(now)),
            (Some(window), _) => {
                let next = consent.with_state(State::Granted { since: now, window: window.clone() }, now);
                return Some(Transition::new(next, [Event::WindowPassed]));
            }
            (None, Some(window)) => {
                let state = if has_approved { consent.granted_state(now) } else { State::WindowOpen(window.clone()) };
                Transition::new(consent.with_state(state, now), [window.opened_event()])
            }
            (None, None) => {
                let state = if has_approved { consent.granted_state(now) } else { State::AwaitingDelivery };
                Transition::new(consent.with_state(state, now), [])
            }
        };
        let notified = transition.next.queue_notice_if(terms.notices.at_approval, notice, NoticeKind::Approval, now);
        transition.events.extend(notified.events);
        Some(Transition { next: notified.next, ..transition })
    }

    /// The claim was changed after its submission (R29, R37). Where the customer is consent anew, the old and the new contact are told, in
    /// that order, under `notices`; links that went out before can only decline, and an explicit approval lapses.
    pub(crate) fn on_claim_edited(
        &self,
        claim: ClaimSummary,
        renotify: bool,
        notices: [Uuid; 2],
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let Effect::MovesTo(_) = self.effect(Input::ClaimEdited) else { return self.with_claim(claim, now) };
        if !renotify {
            return self.with_claim(claim, now);
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
        let notified = transition.next.queue_notice(second, NoticeKind::Change, contact, true, now);
        transition.events.extend(notified.events);
        Some(Transition { next: notified.next, ..transition })
    }

    /// The claim was closed (R22, R24, R25); until `disputable` its rejection can be disputed. After the customer's own decline there is
    /// nothing left to close.
    pub(crate) fn on_claim_closed(
        &self,
        disputable_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let (input, state) = match disputable_until {
            None => (Input::ClaimClosed, State::Closed { since: now }),
            Some(due) => {
                let until = Deadline { kind: "dispute_window".into(), due, rule: "the claim's dispute window".into() };
                (Input::ClaimRejected, State::Disputable { since: now, until })
            }
        };
        let Effect::MovesTo(_) = self.effect(input) else { return None };
        Some(Transition::new(self.with_state(state, now), []))
    }

    /// The partner disputes the rejection (R28): the customer is consent anew, as at a submission. An approval that claim-intake has still counts
    /// (R26a); one that it never took, because the claim was rejected meanwhile, or that a decline beat, does not.
    pub(crate) fn on_claim_disputed(
        &self,
        claim: ClaimSummary,
        earlier_decision: EarlierDecision,
        notice: Uuid,
        terms: &Terms,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let Effect::MovesTo(_) = self.effect(Input::ClaimDisputed) else { return None };
        let declined_before =
            earlier_decision == EarlierDecision::Declined || self.declined_before || self.current_decline().is_some();
        let approval =
            self.approval.filter(|_| earlier_decision == EarlierDecision::Approved && self.current_decline().is_none());
        let consent = Self { claim, approval, declined_before, change: None, ..self.reset_request(now) };
        Some(consent.queue_notice_if(terms.notices.at_submission, notice, NoticeKind::Dispute, now))
    }

    /// Every association of the claim is over (R37, R39): there is nothing to decline any more.
    pub(crate) fn on_lines_ended(&self, now: Timestamp) -> Option<Transition<Self>> {
        let Effect::MovesTo(_) = self.effect(Input::LinesEnded) else { return None };
        Some(Transition::new(self.with_state(State::Closed { since: now }, now), []))
    }

    /// The claim says something else now, and nobody is consent anew.
    fn with_claim(&self, claim: ClaimSummary, now: Timestamp) -> Option<Transition<Self>> {
        (claim != self.claim).then(|| Transition::new(Self { claim, update_time: now, ..self.clone() }, []))
    }

    /// This consent with the question open again, and nothing said to it.
    fn reset_request(&self, now: Timestamp) -> Self {
        let mut next = Self { approval: None, ..self.with_state(State::Requested, now) };
        next.withdraw_queued_notices(now);
        next.notices.iter_mut().for_each(|notice| notice.current = false);
        next
    }

    /// This consent as it stood at an approval that is heard of late (R47): a window that has passed since was open then, and passes by
    /// itself.
    fn state_at_approval(&self, time: Timestamp) -> Self {
        match &self.state {
            State::RequestedWindowPassed(window) if !window.deadline.has_passed(time) => {
                Self { state: State::RequestedInWindow(window.clone()), ..self.clone() }
            }
            State::Requested
            | State::RequestedInWindow(_)
            | State::RequestedWindowPassed(_)
            | State::AwaitingDelivery
            | State::GrantedAwaitingDelivery { .. }
            | State::WindowOpen(_)
            | State::GrantedInWindow { .. }
            | State::Granted { .. }
            | State::Declined(_)
            | State::Disputable { .. }
            | State::Closed { .. } => self.clone(),
        }
    }
}

impl Window {
    /// That it is open, as claim-intake is notified.
    pub(super) fn opened_event(&self) -> Event {
        Event::WindowOpened { due: self.deadline.due, rule: self.deadline.rule.clone() }
    }
}
