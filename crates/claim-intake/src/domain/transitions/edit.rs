//! Edits after the submission (R29, R29a). A *line* is the part of a claim that is about one
//! workload or subscription of the customer. The association of an approved claim is the record of
//! the partner for its lines.
use super::Update;
use crate::domain::{
    Claim, Content, EditNotice, EventKind, Field, Refusal, RegistryAnswer, Rules, Submission,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_types::Timestamp;

impl Field {
    /// Returns whether the partner may change the field after the submission (R29). If the claim is
    /// approved, only the customer contacts can be corrected (R29a).
    const fn is_open_after_submission(self, is_approved: bool) -> bool {
        match self {
            Self::CustomerContact | Self::CustomerTechnicalContact => true,
            Self::MpnId | Self::Lines | Self::PartnerContact => !is_approved,
            Self::DisplayName
            | Self::CustomerDomain
            | Self::TenantId
            | Self::SolutionArea
            | Self::Activities
            | Self::Program
            | Self::SolutionSellerName
            | Self::CustomerName
            | Self::IsvSolutionName
            | Self::TermsAcknowledged => false,
        }
    }
}

impl Claim {
    /// Changes a submitted claim (R29), or corrects the customer contacts of an approved one
    /// (R29a). The claim must be complete afterwards, as at its submission. `answer` is the answer
    /// of the registry service about the content after the update. Returns `None` if no field of
    /// the content changes, even if the registry's answer differs from the stored one.
    pub(super) fn edit_submitted(
        &self,
        update: &Update,
        submission: &Submission,
        answer: Option<&RegistryAnswer>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Option<Transition<Self>>, Refusal> {
        let content = self.content_after(update);
        self.check_locked_fields(&content)?;
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.content = content;
        let answer = answer.ok_or(Refusal::ConcurrentChange)?;
        // The registry holds the lines of an approved claim as they were at the approval, so the
        // registry's new answer about them is not stored.
        match self.state.association() {
            Some(_) => builder.claim.set_contact_domains(answer),
            None => builder.claim.set_registry_answer(Some(answer)),
        }
        let required = builder.claim.check_complete(rules.recorded_profile(submission)?)?;
        let changes = self.content.changes(&builder.claim.content);
        if changes.is_empty() {
            return Ok(None);
        }
        let has_changed = |field: Field| changes.iter().any(|change| change.field == field.path());
        let previous_contact = has_changed(Field::CustomerContact).then(|| self.content.customer_contact.clone());
        let notice = if previous_contact.is_some() || has_changed(Field::Lines) {
            EditNotice::AskedAnew
        } else if self.state.association().is_some() && has_changed(Field::CustomerTechnicalContact) {
            EditNotice::NotifiedAgain
        } else {
            EditNotice::None
        };
        // R46: if the edit chose another location of the partner, later deadlines follow its
        // calendar.
        let mut next_submission = Submission { partner_calendar: required.partner_calendar, ..submission.clone() };
        let mut entry = EntryDetails { changes, ..EntryDetails::default() };
        // R29: the customer is asked anew, so what the customer has answered so far no longer
        // counts: neither an explicit approval, nor consent that waits for a reviewer to confirm
        // the contact.
        if notice == EditNotice::AskedAnew {
            // The history shows that the end of the consent window is no longer known.
            entry = entry.with_consent_due(submission, None);
            next_submission.explicit_approval = None;
            next_submission.consent_due = None;
            next_submission.awaits_confirmation = false;
            next_submission.consent_request_number += 1;
            next_submission.consent_request_times.push(now);
        }
        if notice != EditNotice::None {
            next_submission.is_notice_bounced = false;
        }
        // R43a: a reviewer confirmed the previous contact, not the new one.
        if previous_contact.is_some() {
            next_submission.contact_confirmed = None;
        }
        let entry = entry.with_consent_change(submission, &next_submission);
        builder.claim.state = self.state.with_submission(next_submission);
        // R21: if a reviewer has requested partner action, the edit is part of the partner's
        // response.
        builder.claim.count_response(|request| request.edits += 1);
        builder.record(EventKind::Edited { notice, previous_contact }, entry);
        Ok(Some(builder.build()))
    }

    /// Refuses `content` if it changes locked fields. The refusal lists all of them.
    fn check_locked_fields(&self, content: &Content) -> Result<(), Refusal> {
        let changes = self.content.changes(content);
        let has_changed = |field: &Field| changes.iter().any(|change| change.field == field.path());
        let is_approved = self.state.association().is_some();
        let locked = Field::ALL.into_iter().filter(|field| !field.is_open_after_submission(is_approved));
        let fields: Vec<_> = locked.filter(has_changed).collect();
        if fields.is_empty() { Ok(()) } else { Err(Refusal::FieldsLocked { state: self.state.kind(), fields }) }
    }
}
