//! Erasing personal data (R56), which claim-intake decides once the claim, and with it each of its cases, has come to rest.
use super::{CaseEvent, CaseKind, ReviewCase, State};
use cpor_durable::Transition;
use cpor_types::{PersonalData, Timestamp};

impl ReviewCase {
    /// Erases what the case holds of these kinds, in whatever state it is; with the event, what its notes and mails do. Doing so again changes
    /// nothing more.
    #[must_use]
    pub fn erase(&self, kinds: &[PersonalData], now: Timestamp) -> Transition<Self> {
        let mut next = Self { update_time: now.max(self.update_time), ..self.clone() };
        kinds.iter().for_each(|kind| next.forget(*kind));
        Transition::new(next, [CaseEvent::PersonalDataErased { kinds: kinds.to_vec() }])
    }

    fn forget(&mut self, kind: PersonalData) {
        match kind {
            // Reviewers are told of none.
            PersonalData::Contacts => {}
            PersonalData::Subjects => {
                self.reviewer = None;
                match &mut self.state {
                    State::Approving(approval) | State::Approved(approval) => approval.by.subject.clear(),
                    State::Waiting
                    | State::UnderReview
                    | State::PartnerActionRequired(_)
                    | State::Rejected(_)
                    | State::Closed(_) => {}
                }
            }
            PersonalData::Words => {
                if let CaseKind::Dispute(dispute) = &mut self.kind {
                    dispute.justification.clear();
                }
                match &mut self.state {
                    State::PartnerActionRequired(action) => action.comment.clear(),
                    State::Approving(approval) | State::Approved(approval) => approval.comment.clear(),
                    State::Rejected(rejection) => rejection.comment.clear(),
                    State::Waiting | State::UnderReview | State::Closed(_) => {}
                }
            }
        }
    }
}
