//! The deadlines of a claim and what happens when they pass (R22, R28, R47). A passed deadline is
//! recorded as a fact ([`FactKind`]), like the reports of other services.
use super::close::NewRejection;
use crate::domain::{
    Claim, Event, EventKind, FactKind, PartnerAction, Rejection, Remedy, Rules, State, Submission,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::{Aggregate, PassedDeadline, Transition};
use cpor_types::{Deadline, FurtherRejectionReason, PrimaryRejectionReason, Timestamp};

impl Aggregate for Claim {
    type Event = Event;

    /// Returns the partner's response deadline while the claim waits for an answer, the deadline
    /// for a statement about lines that another company also claims (R37a), or the end of the
    /// dispute window while a rejection can be disputed. Each comes with its reminder.
    fn deadlines(&self) -> Vec<Deadline> {
        match &self.state {
            State::PartnerActionRequired(_, action) => action.response.deadlines(Rules::RESPONSE_REMINDER),
            State::Rejected(_, Rejection { remedy: Remedy::Dispute(window), .. }) => {
                window.deadlines(Rules::DISPUTE_REMINDER)
            }
            State::Approved(submission, _) => submission
                .open_statement()
                .map(|statement| statement.window.deadlines(Rules::STATEMENT_REMINDER))
                .unwrap_or_default(),
            State::Editing
            | State::Deleted
            | State::Submitted(_)
            | State::UnderReview(_)
            | State::Rejected(..)
            | State::Disputed(_) => Vec::new(),
        }
    }

    fn apply_passed_deadline(&self, now: Timestamp) -> Option<PassedDeadline<Self>> {
        let PassedDeadline { due, transition } = match &self.state {
            // The reminder is due before the deadline itself.
            State::PartnerActionRequired(submission, action) => self
                .record_due_response_reminder(submission, action, now)
                .or_else(|| self.reject_without_response(submission, action, now)),
            State::Rejected(submission, rejection) => self
                .record_due_dispute_reminder(submission, rejection, now)
                .or_else(|| self.finalize_rejection(submission, rejection, now)),
            State::Approved(submission, _) => self.record_due_statement_deadline(submission, now),
            State::Editing | State::Deleted | State::Submitted(_) | State::UnderReview(_) | State::Disputed(_) => None,
        }?;
        // If the claim waits for something new, that wait started at the due time, not now.
        let next = transition.next.with_wait_starts(Some(self.wait_starts()), due);
        Some(PassedDeadline { due, transition: Transition { next, ..transition } })
    }
}

impl Claim {
    /// R48: records the reminder of the response deadline if it is due by `now`.
    fn record_due_response_reminder(
        &self,
        submission: &Submission,
        action: &PartnerAction,
        now: Timestamp,
    ) -> Option<PassedDeadline<Self>> {
        let (due, response) = action.response.take_reminder(now)?;
        let state = State::PartnerActionRequired(submission.clone(), PartnerAction { response, ..action.clone() });
        Some(self.record_reminder(FactKind::ResponseReminded, state, due, now))
    }

    /// R48: records the reminder of the dispute window if it is due by `now`.
    fn record_due_dispute_reminder(
        &self,
        submission: &Submission,
        rejection: &Rejection,
        now: Timestamp,
    ) -> Option<PassedDeadline<Self>> {
        let Remedy::Dispute(window) = &rejection.remedy else { return None };
        let (due, window) = window.take_reminder(now)?;
        let rejection = Rejection { remedy: Remedy::Dispute(window), ..rejection.clone() };
        Some(self.record_reminder(FactKind::DisputeReminded, State::Rejected(submission.clone(), rejection), due, now))
    }

    /// Records a reminder (R48). The mail to the partner is derived from this event.
    fn record_reminder(&self, fact: FactKind, state: State, due: Timestamp, now: Timestamp) -> PassedDeadline<Self> {
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.state = state;
        builder.record(EventKind::FactApplied(fact), EntryDetails::default());
        PassedDeadline { due, transition: builder.build() }
    }

    /// R22: rejects the claim, with effect from the response deadline, if the partner did not
    /// answer in time.
    fn reject_without_response(
        &self,
        submission: &Submission,
        action: &PartnerAction,
        now: Timestamp,
    ) -> Option<PassedDeadline<Self>> {
        if !action.response.deadline.has_passed(now) {
            return None;
        }
        let due = action.response.deadline.due;
        let cause = FactKind::ResponseDeadlinePassed;
        let mut rejection = NewRejection::by_fact(
            cause,
            PrimaryRejectionReason::InsufficientPoe,
            due,
            action.remedy_if_unanswered.clone(),
        );
        rejection.further_reasons.push(FurtherRejectionReason::NoPartnerResponse);
        Some(PassedDeadline { due, transition: self.close(submission, rejection, EntryDetails::default(), now) })
    }

    /// R28: makes the rejection final if the partner did not dispute it in time.
    fn finalize_rejection(
        &self,
        submission: &Submission,
        rejection: &Rejection,
        now: Timestamp,
    ) -> Option<PassedDeadline<Self>> {
        let due = rejection.dispute_window().filter(|window| window.has_passed(now))?.due;
        let rejection = Rejection { remedy: Remedy::WindowPassed(due), ..rejection.clone() };
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.state = State::Rejected(submission.clone(), rejection);
        let entry = EntryDetails::default().with_change("rejection.final", "false", "true");
        builder.record(EventKind::FactApplied(FactKind::DisputeWindowPassed), entry);
        Some(PassedDeadline { due, transition: builder.build() })
    }
}
