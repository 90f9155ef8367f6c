//! What time itself does to a claim (R22, R28, R47).
use super::close::End;
use crate::domain::{
    Claim, Event, FactKind, PartnerAction, Rejection, Remedy, Rules, State, Submission, What,
    claim::{Entry, Next},
};
use cpor_durable::{Aggregate, Elapsed, Transition};
use cpor_types::{Deadline, FurtherRejection, PrimaryRejection, Timestamp};

impl Aggregate for Claim {
    type Event = Event;

    /// The partner's response deadline, while an answer is awaited; the dispute window, while a rejection can be disputed; each with its
    /// reminder.
    fn deadlines(&self) -> Vec<Deadline> {
        match &self.state {
            State::PartnerActionRequired(_, action) => action.response.ahead(Rules::REMIND_RESPONSE),
            State::Rejected(_, Rejection { remedy: Remedy::Dispute(window), .. }) => {
                window.ahead(Rules::REMIND_DISPUTE)
            }
            State::Editing
            | State::Deleted
            | State::Submitted(_)
            | State::UnderReview(_)
            | State::Approved(..)
            | State::Rejected(..)
            | State::Disputed(_) => Vec::new(),
        }
    }

    fn elapse(&self, now: Timestamp) -> Option<Elapsed<Self>> {
        let Elapsed { due, transition } = match &self.state {
            // The reminder is due before what it reminds of.
            State::PartnerActionRequired(submission, action) => self
                .response_reminded(submission, action, now)
                .or_else(|| self.response_passed(submission, action, now)),
            State::Rejected(submission, rejection) => self
                .dispute_reminded(submission, rejection, now)
                .or_else(|| self.dispute_window_passed(submission, rejection, now)),
            State::Editing
            | State::Deleted
            | State::Submitted(_)
            | State::UnderReview(_)
            | State::Approved(..)
            | State::Disputed(_) => None,
        }?;
        let next = transition.next.waiting_since(Some(self.waited()), due);
        Some(Elapsed { due, transition: Transition { next, ..transition } })
    }
}

impl Claim {
    fn response_reminded(
        &self,
        submission: &Submission,
        action: &PartnerAction,
        now: Timestamp,
    ) -> Option<Elapsed<Self>> {
        let (due, response) = action.response.reminded(now)?;
        let state = State::PartnerActionRequired(submission.clone(), PartnerAction { response, ..action.clone() });
        Some(self.reminded(FactKind::ResponseReminded, state, due, now))
    }

    fn dispute_reminded(
        &self,
        submission: &Submission,
        rejection: &Rejection,
        now: Timestamp,
    ) -> Option<Elapsed<Self>> {
        let Remedy::Dispute(window) = &rejection.remedy else { return None };
        let (due, window) = window.reminded(now)?;
        let rejection = Rejection { remedy: Remedy::Dispute(window), ..rejection.clone() };
        Some(self.reminded(FactKind::DisputeReminded, State::Rejected(submission.clone(), rejection), due, now))
    }

    /// R48: a mail follows from the entry in the history.
    fn reminded(&self, fact: FactKind, state: State, due: Timestamp, now: Timestamp) -> Elapsed<Self> {
        let mut next = Next::of(self, now);
        next.claim.state = state;
        next.record(What::Reported(fact), Entry::default());
        Elapsed { due, transition: next.done() }
    }

    /// R22: no answer in time rejects the claim, effective when the answer was due.
    fn response_passed(
        &self,
        submission: &Submission,
        action: &PartnerAction,
        now: Timestamp,
    ) -> Option<Elapsed<Self>> {
        if !action.response.deadline.has_passed(now) {
            return None;
        }
        let due = action.response.deadline.due;
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
