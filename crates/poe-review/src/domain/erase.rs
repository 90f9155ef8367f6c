//! Erases personal data from a case (R56). The service claim-intake requests the erasure after the
//! claim has ended, so all cases of the claim are decided or closed by then. A case can contain the
//! statements of legacy holders: companies that are on record by an association from before claims
//! existed.
use super::{CaseEvent, CaseKind, CustomerContact, ReviewCase, State};
use cpor_durable::Transition;
use cpor_types::{PersonalData, Timestamp};

impl ReviewCase {
    /// Erases the personal data of these kinds from the case, in any state. The storage erases it
    /// from the notes and mails of the case when it saves the event. A repeated erasure finds
    /// nothing left to erase.
    #[must_use]
    pub fn erase_personal_data(&self, kinds: &[PersonalData], now: Timestamp) -> Transition<Self> {
        let mut next = Self { update_time: now.max(self.update_time), ..self.clone() };
        kinds.iter().for_each(|kind| next.erase_kind(*kind));
        Transition::new(next, [CaseEvent::PersonalDataErased { kinds: kinds.to_vec() }])
    }

    fn erase_kind(&mut self, kind: PersonalData) {
        match kind {
            PersonalData::Contacts => {
                let authorized = self.snapshot.customer_contact.authorized;
                self.snapshot.customer_contact = CustomerContact { authorized, ..CustomerContact::default() };
            }
            PersonalData::Subjects => {
                self.reviewer = None;
                match &mut self.state {
                    State::Approving(approval) | State::Approved(approval) => approval.actor.subject.clear(),
                    State::Waiting
                    | State::UnderReview
                    | State::PartnerActionRequired(_)
                    | State::Rejected(_)
                    | State::Closed(_) => {}
                }
            }
            PersonalData::FreeText => {
                self.legacy_statements.iter_mut().for_each(|statement| statement.text.clear());
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
