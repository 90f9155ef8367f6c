//! What claim-intake reports. A fact is never refused: one that no longer matters changes nothing (`None`).

use cpor_durable::Transition;
use cpor_types::{Deadline, Timestamp};
use uuid::Uuid;

use super::notice::NoticeKind;
use super::state::{State, Window};
use super::table::{Input, Outcome};
use super::{ClaimFacts, Consent, Event, Terms};

/// What claim-intake says of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Approval {
    /// When the claim was approved, in business time.
    pub(crate) time: Timestamp,
    /// The customer had approved before (R26a).
    pub(crate) official: bool,
    /// The customer had declined before (R28).
    pub(crate) explicit_needed: bool,
}

/// What claim-intake says of the customer's word at a dispute (R28): the last one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastWord {
    /// They had declined.
    Declined,
    /// They had approved.
    Approved,
    /// Neither.
    Nothing,
}

impl Consent {
    /// A claim was submitted (R18): the customer is asked, where the policy says so (R40). `notice` becomes the notice's id.
    pub(crate) fn requested(claim: ClaimFacts, notice: Uuid, terms: &Terms, now: Timestamp) -> Transition<Self> {
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
        consent.notified_if(terms.notices.at_submission, notice, NoticeKind::Submission, now)
    }

    /// The claim was approved (R23). The customer is told and has a window to decline (R41), also where it has approved before: then the
    /// association is official meanwhile (R26a). Where the window is counted from the submission it goes on, and one that has passed
    /// in silence is told now: official no earlier than the approval.
    pub(crate) fn claim_approved(
        &self,
        claim: ClaimFacts,
        approval: Approval,
        notice: Uuid,
        terms: &Terms,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let asked = Self { claim, declined_before: approval.explicit_needed, ..self.as_of(approval.time) };
        let ahead = approval.official || self.approval.is_some();
        let input = match (ahead, asked.declined_before) {
            (true, _) => Input::ClaimApprovedAhead,
            (false, true) => Input::ClaimApprovedAfterDecline,
            (false, false) => Input::ClaimApproved,
        };
        let Outcome::Becomes(_) = asked.outcome(input) else { return None };
        let passed = asked.state.window().filter(|_| asked.state.open_window().is_none());
        let mut transition = match (passed, asked.state.open_window()) {
            (Some(_), _) if !ahead && asked.declined_before => return Some(asked.declined_in_silence(now)),
            (Some(window), _) => {
                let next = asked.moved(State::Granted { since: now, window: window.clone() }, now);
                return Some(Transition::new(next, [Event::WindowPassed]));
            }
            (None, Some(window)) => {
                let state = if ahead { asked.official(now) } else { State::WindowOpen(window.clone()) };
                Transition::new(asked.moved(state, now), [window.told()])
            }
            (None, None) => {
                let state = if ahead { asked.official(now) } else { State::AwaitingDelivery };
                Transition::new(asked.moved(state, now), [])
            }
        };
        let told = transition.next.notified_if(terms.notices.at_approval, notice, NoticeKind::Approval, now);
        transition.events.extend(told.events);
        Some(Transition { next: told.next, ..transition })
    }

    /// The claim was changed after its submission (R29, R37). Where the customer is asked anew, the old and the new contact are told, in
    /// that order, under `notices`; links that went out before can only decline, and an explicit approval lapses.
    pub(crate) fn claim_edited(
        &self,
        claim: ClaimFacts,
        renotify: bool,
        notices: [Uuid; 2],
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let Outcome::Becomes(_) = self.outcome(Input::ClaimEdited) else { return self.restated(claim, now) };
        if !renotify {
            return self.restated(claim, now);
        }
        let former = Some(self.claim.contact.clone()).filter(|former| former.email != claim.contact.email);
        let change = self.claim.change_to(&claim);
        let asked = Self { claim, change: Some(change), ..self.asked_anew(now) };
        let [first, second] = notices;
        let mut transition = Transition::new(asked, []);
        if let Some(former) = former {
            transition = transition.next.notified(first, NoticeKind::Change, former, false, now);
        }
        let contact = transition.next.claim.contact.clone();
        let told = transition.next.notified(second, NoticeKind::Change, contact, true, now);
        transition.events.extend(told.events);
        Some(Transition { next: told.next, ..transition })
    }

    /// The claim was closed (R22, R24, R25); until `disputable` its rejection can be disputed. After the customer's own decline there is
    /// nothing left to close.
    pub(crate) fn claim_closed(&self, disputable: Option<Timestamp>, now: Timestamp) -> Option<Transition<Self>> {
        let (input, state) = match disputable {
            None => (Input::ClaimClosed, State::Closed { since: now }),
            Some(due) => {
                let until = Deadline { kind: "dispute_window".into(), due, rule: "the claim's dispute window".into() };
                (Input::ClaimRejected, State::Disputable { since: now, until })
            }
        };
        let Outcome::Becomes(_) = self.outcome(input) else { return None };
        Some(Transition::new(self.moved(state, now), []))
    }

    /// The partner disputes the rejection (R28): the customer is asked anew, as at a submission. An approval that claim-intake has still counts
    /// (R26a); one that it never took, because the claim was rejected meanwhile, or that a decline beat, does not.
    pub(crate) fn claim_disputed(
        &self,
        claim: ClaimFacts,
        last_word: LastWord,
        notice: Uuid,
        terms: &Terms,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let Outcome::Becomes(_) = self.outcome(Input::ClaimDisputed) else { return None };
        let declined_before = last_word == LastWord::Declined || self.declined_before || self.decline_said().is_some();
        let approval = self.approval.filter(|_| last_word == LastWord::Approved && self.decline_said().is_none());
        let asked = Self { claim, approval, declined_before, change: None, ..self.asked_anew(now) };
        Some(asked.notified_if(terms.notices.at_submission, notice, NoticeKind::Dispute, now))
    }

    /// Every association of the claim is over (R37, R39): there is nothing to decline any more.
    pub(crate) fn lines_ended(&self, now: Timestamp) -> Option<Transition<Self>> {
        let Outcome::Becomes(_) = self.outcome(Input::LinesEnded) else { return None };
        Some(Transition::new(self.moved(State::Closed { since: now }, now), []))
    }

    /// The claim says something else now, and nobody is asked anew.
    fn restated(&self, claim: ClaimFacts, now: Timestamp) -> Option<Transition<Self>> {
        (claim != self.claim).then(|| Transition::new(Self { claim, update_time: now, ..self.clone() }, []))
    }

    /// This consent with the question open again, and nothing said to it.
    fn asked_anew(&self, now: Timestamp) -> Self {
        let mut next = Self { approval: None, ..self.moved(State::Requested, now) };
        next.withdraw_notices(now);
        next.notices.iter_mut().for_each(|notice| notice.current = false);
        next
    }

    /// This consent as it stood at an approval that is heard of late (R47): a window that has passed since was open then, and passes by
    /// itself.
    fn as_of(&self, time: Timestamp) -> Self {
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
    /// That it is open, as claim-intake is told.
    pub(super) fn told(&self) -> Event {
        Event::WindowOpened { due: self.deadline.due, rule: self.deadline.rule.clone() }
    }
}
