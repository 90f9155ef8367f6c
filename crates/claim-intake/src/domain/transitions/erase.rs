//! The erasure of personal data (R56). An *association* puts the partner on record for the claimed
//! workloads or subscriptions.
use crate::domain::{
    Association, Claim, Command, Contact, ERASURE_FIELD, EventKind, Refusal, State, Submission,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::{PersonalData, Timestamp};

/// The command that erases personal data of a claim.
#[derive(Clone, Debug)]
pub struct Erase {
    /// The kinds of data to erase; at least one.
    pub kinds: Vec<PersonalData>,
    /// The reason for the erasure. It is kept, so it must not contain personal data.
    pub reason: String,
}

impl Claim {
    /// Erases personal data (R56). The claim's own fields are cleared here; the store clears the
    /// history and the comments when it saves the recorded event. Returns `None` when no data of
    /// these kinds is left.
    ///
    /// # Errors
    /// Returns [`Refusal::PersonalDataNeeded`] unless the claim is deleted, is finally rejected, or
    /// has only ended associations and no late decision of the customer counts any more.
    pub fn erase(&self, erase: &Erase, now: Timestamp) -> Result<Option<Transition<Self>>, Refusal> {
        if !self.allows(Command::ErasePersonalData) {
            let (state, waits_for) = (self.state.kind(), self.waiting().wait);
            return Err(Refusal::PersonalDataNeeded { state, waits_for });
        }
        let has_data = |kind: &PersonalData| !self.erased.get(kind).is_some_and(|erasure| erasure.nothing_left);
        let kinds: Vec<_> = erase.kinds.iter().copied().filter(has_data).collect();
        if kinds.is_empty() {
            return Ok(None);
        }
        let mut builder = TransitionBuilder::new(self, now);
        kinds.iter().for_each(|kind| builder.claim.clear_personal_data(*kind));
        let kind_names = kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
        let entry = EntryDetails::with_reason(&erase.reason).with_change(ERASURE_FIELD, kind_names, "erased");
        builder.record(EventKind::PersonalDataErased(kinds), entry);
        Ok(Some(builder.build()))
    }

    /// Returns whether the claim is deleted, is finally rejected, or has only ended associations
    /// and no late decision of the customer counts any more (R47). After that, no event of the
    /// claim requires that a person is informed.
    pub(in crate::domain) fn is_at_rest(&self) -> bool {
        match &self.state {
            State::Deleted => true,
            State::Approved(_, Association::Ended { .. }) => !self.awaits_late_decision() && !self.may_be_reinstated(),
            State::Rejected(_, rejection) => rejection.dispute_window().is_none(),
            State::Editing
            | State::Submitted(_)
            | State::UnderReview(_)
            | State::PartnerActionRequired(..)
            | State::Approved(..)
            | State::Disputed(_) => false,
        }
    }

    /// Removes the data of this kind from the fields of the claim.
    fn clear_personal_data(&mut self, kind: PersonalData) {
        match kind {
            PersonalData::Contacts => {
                let content = &mut self.content;
                content.customer_contact = Contact::default();
                content.customer_technical_contact = Contact::default();
                content.partner_contact = Contact::default();
                content.solution_seller_name.clear();
            }
            // The only user id (subject) in the fields of a claim is the reviewer's.
            PersonalData::Subjects => {
                if let Some(submission) = self.state.submission() {
                    self.state = self.state.with_submission(Submission { reviewer: None, ..submission.clone() });
                }
            }
            PersonalData::FreeText => {
                if let State::Rejected(_, rejection) = &mut self.state {
                    rejection.comment.clear();
                }
                if let Some(mut submission) = self.state.submission().cloned() {
                    submission.statement.iter_mut().for_each(|statement| statement.comment.clear());
                    self.state = self.state.with_submission(submission);
                }
            }
        }
    }
}
