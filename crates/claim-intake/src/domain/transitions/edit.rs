//! Edits after the submission (R29).
use super::Update;
use crate::domain::{
    Claim, Content, Facts, Field, Refusal, Rules, Submission, What,
    claim::{Entry, Next},
};
use cpor_durable::Transition;
use cpor_types::Timestamp;

impl Field {
    /// Whether a submitted claim leaves the field to its partner (R29).
    const fn is_open_after_submission(self) -> bool {
        match self {
            Self::MpnId
            | Self::Lines
            | Self::CustomerContact
            | Self::CustomerTechnicalContact
            | Self::PartnerContact => true,
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
    /// Changes a submitted claim (R29), which must be as complete afterwards as at its submission. `None`: nothing changes.
    pub(super) fn edit(
        &self,
        update: &Update,
        submission: &Submission,
        facts: Option<&Facts>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Option<Transition<Self>>, Refusal> {
        let content = self.content_after(update);
        self.refuse_locked(&content)?;
        let mut next = Next::of(self, now);
        next.claim.content = content;
        next.claim.inform(Some(facts.ok_or(Refusal::FactsMissing)?));
        let customer = next.claim.complete(rules.recorded(submission)?)?;
        let changes = self.content.changes(&next.claim.content);
        if changes.is_empty() {
            return Ok(None);
        }
        let changed = |field: Field| changes.iter().any(|change| change.field == field.path());
        let previous_contact = changed(Field::CustomerContact).then(|| self.content.customer_contact.clone());
        let renotify = previous_contact.is_some() || changed(Field::Lines);
        let before = submission;
        let mut submission = Submission { partner_calendar: customer.partner_calendar, ..before.clone() };
        let mut entry = Entry { changes, ..Entry::default() };
        if renotify {
            entry = entry.windowed(&submission, None);
            submission.explicit_approval = None;
            submission.consent_due = None;
            submission.askings += 1;
        }
        let entry = entry.consenting(before, &submission);
        next.claim.state = self.state.with_submission(submission);
        next.claim.answer(|action| action.edits += 1);
        next.record(What::Edited { renotify, previous_contact }, entry);
        Ok(Some(next.done()))
    }

    /// Every locked field that `content` would change, at once.
    fn refuse_locked(&self, content: &Content) -> Result<(), Refusal> {
        let changes = self.content.changes(content);
        let changed = |field: &Field| changes.iter().any(|change| change.field == field.path());
        let locked = Field::ALL.into_iter().filter(|field| !field.is_open_after_submission());
        let fields: Vec<_> = locked.filter(changed).collect();
        if fields.is_empty() { Ok(()) } else { Err(Refusal::FieldsLocked { state: self.state.kind(), fields }) }
    }
}
