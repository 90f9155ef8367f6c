//! What time itself does to a claim (R22, R47).
use super::close::End;
use crate::domain::{Claim, Event, FactKind, State, claim::Entry};
use cpor_durable::{Aggregate, Elapsed};
use cpor_types::{Deadline, FurtherRejection, PrimaryRejection, Timestamp};

impl Aggregate for Claim {
    type Event = Event;

    /// The partner's response deadline, while an answer is awaited. The dispute window needs no firing: only a command
    /// meets it.
    fn deadlines(&self) -> Vec<Deadline> {
        self.state.partner_action().map(|action| action.response.clone()).into_iter().collect()
    }

    /// R22: no answer in time rejects the claim, effective when the answer was due.
    fn elapse(&self, now: Timestamp) -> Option<Elapsed<Self>> {
        let State::PartnerActionRequired(submission, action) = &self.state else { return None };
        if !action.response.has_passed(now) {
            return None;
        }
        let due = action.response.due;
        let by = FactKind::ResponseDeadlinePassed;
        let mut end = End::by_fact(by, PrimaryRejection::InsufficientPoe, due, action.dispute_if_missed.clone());
        end.further.push(FurtherRejection::NoPartnerResponse);
        Some(Elapsed { due, transition: self.close(submission, end, Entry::default(), now) })
    }
}
