//! Creating, changing and deleting drafts (R16, R17).
use crate::domain::{
    Claim, ClaimRegistryData, Command, Content, EventKind, Field, Refusal, RegistryAnswer, Rules, State,
    claim::{EntryDetails, TransitionBuilder},
};
use cpor_durable::Transition;
use cpor_history::Digest;
use cpor_types::{ClaimName, Timestamp};
use std::collections::BTreeMap;

/// The command that changes fields of a claim.
#[derive(Clone, Debug)]
pub struct Update {
    /// The fields to change.
    pub fields: Vec<Field>,
    /// The new values of these fields. The other fields of this content are ignored.
    pub content: Content,
}

impl Claim {
    /// Creates a draft (R16). `answer` is the registry service's answer about `content`; `None`
    /// when the registry was not asked or did not answer.
    ///
    /// # Errors
    /// Returns [`Refusal::LocationNotOfPartner`] if the MPN (Microsoft Partner Network) id does not
    /// belong to a location of the company.
    pub fn create(
        name: ClaimName,
        content: Content,
        answer: Option<&RegistryAnswer>,
        now: Timestamp,
    ) -> Result<Transition<Self>, Refusal> {
        let changes = Content::default().changes(&content);
        let mut claim = Self {
            name,
            content,
            registry_data: ClaimRegistryData::default(),
            evidence: Vec::new(),
            lost_lines: Vec::new(),
            state: State::Editing,
            create_time: now,
            update_time: now,
            wait_start_time: now,
            customer_wait_start_time: now,
            history_length: 0,
            head: Digest::GENESIS,
            erased: BTreeMap::new(),
        };
        claim.set_registry_answer(answer);
        if claim.registry_data.denies_location() {
            return Err(Refusal::LocationNotOfPartner);
        }
        let mut builder = TransitionBuilder::created(claim);
        builder.record(EventKind::Created, EntryDetails { changes, ..EntryDetails::default() });
        Ok(builder.build())
    }

    /// Returns the claim's content with `update` applied.
    #[must_use]
    pub fn content_after(&self, update: &Update) -> Content {
        self.content.with_fields_from(&update.fields, &update.content)
    }

    /// Changes a draft (R17), or a submitted claim, of which only some fields can be changed (R29).
    /// `answer` is the registry's answer about the content after the update. Returns `None` if the
    /// content stays the same; for a draft, only if the registry's answer stays the same, too.
    ///
    /// # Errors
    /// Returns [`Refusal::NotFound`] for a deleted draft, and [`Refusal::NotAllowed`] if state and
    /// policy allow no edits. For a submitted claim, returns [`Refusal::FieldsLocked`] if the
    /// update changes a locked field, [`Refusal::ConcurrentChange`] if `answer` is `None`,
    /// [`Refusal::RulesMissing`] if the recorded policy profile is not configured, and
    /// [`Refusal::Incomplete`] with every violation of the changed claim.
    pub fn update(
        &self,
        update: &Update,
        answer: Option<&RegistryAnswer>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Option<Transition<Self>>, Refusal> {
        self.check_admitted(Command::Update)?;
        match self.state.submission() {
            None => Ok(self.update_draft(update, answer, now)),
            Some(submission) => self.edit_submitted(update, submission, answer, rules, now),
        }
    }

    fn update_draft(
        &self,
        update: &Update,
        answer: Option<&RegistryAnswer>,
        now: Timestamp,
    ) -> Option<Transition<Self>> {
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.content = self.content_after(update);
        builder.claim.set_registry_answer(answer);
        if builder.claim.content == self.content && builder.claim.registry_data == self.registry_data {
            return None;
        }
        let changes = self.content.changes(&builder.claim.content);
        builder.record(EventKind::Updated, EntryDetails { changes, ..EntryDetails::default() });
        Some(builder.build())
    }

    /// Deletes a draft (R17). The draft is no longer listed, but its history and its data remain in
    /// the database.
    ///
    /// # Errors
    /// Returns [`Refusal::NotFound`] if the draft is deleted already, and [`Refusal::NotAllowed`]
    /// in every other state except EDITING.
    pub fn delete(&self, now: Timestamp) -> Result<Transition<Self>, Refusal> {
        self.check_admitted(Command::Delete)?;
        let mut builder = TransitionBuilder::new(self, now);
        builder.claim.state = State::Deleted;
        builder.record(EventKind::Deleted, EntryDetails::default());
        Ok(builder.build())
    }
}
