//! What other services and the mail system report. A fact is never refused: one that no longer matters changes nothing (`None`).

use cpor_durable::Transition;
use cpor_types::Timestamp;
use uuid::Uuid;

use super::notice::{Delivery, Notice, NoticeKind, Settlement};
use super::state::State;
use super::table::{Input, Outcome};
use super::{ClaimFacts, Consent, Event, Terms};

impl Consent {
    /// A claim was submitted (R18): the customer is asked, where the policy says so (R40). `notice` becomes the notice's id.
    pub(crate) fn requested(claim: ClaimFacts, notice: Uuid, terms: &Terms, now: Timestamp) -> Transition<Self> {
        let consent = Self { claim, state: State::Requested, approval: None, notices: vec![], update_time: now };
        if terms.notices.at_submission {
            consent.notifying(notice, NoticeKind::Submission, now)
        } else {
            Transition::new(consent, [])
        }
    }

    /// The claim was approved (R23). The customer is told and has a window to decline (R41), also where it has approved before: then the
    /// association is official meanwhile (R26a). `official` is what claim-intake knows of that.
    pub(crate) fn claim_approved(
        &self,
        claim: ClaimFacts,
        official: bool,
        notice: Uuid,
        terms: &Terms,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let ahead = official || self.approval.is_some();
        let input = if ahead { Input::ClaimApprovedAhead } else { Input::ClaimApproved };
        let Outcome::Becomes(_) = self.outcome(input) else { return None };
        let state = if ahead { self.official(now) } else { State::AwaitingDelivery };
        let next = Self { claim, ..self.moved(state, now) };
        Some(if terms.notices.at_approval {
            next.notifying(notice, NoticeKind::Approval, now)
        } else {
            Transition::new(next, [])
        })
    }

    /// The claim was closed (R22, R24, R25). After the customer's own decline there is nothing left to close.
    pub(crate) fn claim_closed(&self, now: Timestamp) -> Option<Transition<Self>> {
        match self.outcome(Input::ClaimClosed) {
            Outcome::Becomes(_) => Some(Transition::new(self.moved(State::Closed { since: now }, now), [])),
            Outcome::Remembered | Outcome::Nothing | Outcome::Refused => None,
        }
    }

    /// The mail system has had its last word on a notice (R41). A window is counted from the first notice of approval that was
    /// accepted; while all bounced, the consent waits.
    pub(crate) fn notice_settled(
        &self,
        notice: Uuid,
        settlement: Settlement,
        terms: &Terms,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let at = self.notices.iter().position(|known| known.id == notice && known.is_unsettled())?;
        let mut next = Self { update_time: now, ..self.clone() };
        let settled = next.notices.get_mut(at)?;
        settled.delivery = match settlement {
            Settlement::Accepted => Delivery::Accepted { time: now },
            Settlement::Bounced => Delivery::Bounced { time: now },
        };
        let kind = settled.kind;
        let accepted = settlement == Settlement::Accepted;
        let mut events = vec![Event::NoticeSettled { kind, accepted }];
        let counts = accepted && kind == NoticeKind::Approval;
        if counts && matches!(self.outcome(Input::NoticeAccepted), Outcome::Becomes(_)) {
            let window = terms.window_from(now);
            events.push(Event::WindowOpened { due: window.deadline.due, rule: window.deadline.rule.clone() });
            next.state = self.state.opened(window);
        }
        Some(Transition::new(next, events))
    }

    /// This consent with one more notice to send to the claim's contact.
    fn notifying(mut self, id: Uuid, kind: NoticeKind, now: Timestamp) -> Transition<Self> {
        let email = self.claim.contact.email.clone();
        self.notices.push(Notice { id, kind, email, queue_time: now, delivery: Delivery::Queued });
        Transition::new(self, [Event::NoticeQueued { notice: id }])
    }
}
