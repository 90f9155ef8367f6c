//! What time itself does to a claim (R22, R28, R47).
use super::close::End;
use crate::domain::{
    Claim, Event, FactKind, PartnerAction, Rejection, Remedy, State, Submission, What,
    claim::{Entry, Next},
};
use cpor_durable::{Aggregate, Elapsed};
use cpor_types::{Deadline, FurtherRejection, PrimaryRejection, Timestamp};

impl Aggregate for Claim {
    type Event = Event;

    /// The partner's response deadline, while an answer is awaited; the dispute window, while a rejection can be disputed.
    fn deadlines(&self) -> Vec<Deadline> {
        let response = self.state.partner_action().map(|action| &action.response);
        let dispute = self.state.rejection().and_then(Rejection::dispute_window);
        response.or(dispute).cloned().into_iter().collect()
    }

    fn elapse(&self, now: Timestamp) -> Option<Elapsed<Self>> {
        let Elapsed { due, transition } = match &self.state {
            State::PartnerActionRequired(submission, action) => self.response_passed(submission, action, now),
            State::Rejected(submission, rejection) => self.dispute_window_passed(submission, rejection, now),
            State::Editing
            | State::Deleted
            | State::Submitted(_)
            | State::UnderReview(_)
            | State::Approved(..)
            | State::Disputed(_) => None,
        }?;
        Some(Elapsed { due, transition: self.waiting_since(transition, due) })
    }
}

impl Claim {
    /// R22: no answer in time rejects the claim, effective when the answer was due.
    fn response_passed(
        &self,
        submission: &Submission,
        action: &PartnerAction,
        now: Timestamp,
    ) -> Option<Elapsed<Self>> {
        if !action.response.has_passed(now) {
            return None;
        }
        let due = action.response.due;
        let by = FactKind::ResponseDeadlinePassed;
        let mut end = End::by_fact(by, PrimaryRejection::InsufficientPoe, due, action.remedy_if_missed.clone());
        end.further.push(FurtherRejection::NoPartnerResponse);
        Some(Elapsed { due, transition: self.close(submission, end, Entry::default(), now) })
    }

    /// R28: without a dispute in time the rejection is final.
    fn dispute_window_passed(
        &self,
        submission: &Submission,
        rejection: &Rejection,
        now: Timestamp,
    ) -> Option<Elapsed<Self>> {
        let due = rejection.dispute_window().filter(|window| window.has_passed(now))?.due;
        let rejection = Rejection { remedy: Remedy::Missed(due), ..rejection.clone() };
        let mut next = Next::of(self, now);
        next.claim.state = State::Rejected(submission.clone(), rejection);
        let entry = Entry::default().changing("rejection.final", "false", "true");
        next.record(What::Reported(FactKind::DisputeWindowPassed), entry);
        Some(Elapsed { due, transition: next.done() })
    }
}
