//! A draft: created, changed, deleted (R16, R17).
use crate::domain::{
    Claim, Command, Content, Directory, Facts, Field, Refusal, Rules, State, What,
    claim::{Entry, Next},
    history::Digest,
};
use cpor_durable::Transition;
use cpor_types::{ClaimName, Timestamp};
use std::collections::BTreeMap;

/// Changes fields of a draft.
#[derive(Clone, Debug)]
pub struct Update {
    /// The fields that change.
    pub fields: Vec<Field>,
    /// Where their new values are taken from.
    pub content: Content,
}

impl Claim {
    /// A new draft (R16). `facts` are what the directory says of `content`; `None` when it was not asked or did not
    /// answer.
    ///
    /// # Errors
    /// [`Refusal::LocationNotOfPartner`] when the directory says so of the MPN id.
    pub fn create(
        name: ClaimName,
        content: Content,
        facts: Option<&Facts>,
        now: Timestamp,
    ) -> Result<Transition<Self>, Refusal> {
        let changes = Content::default().changes(&content);
        let mut claim = Self {
            name,
            content,
            directory: Directory::default(),
            evidence: Vec::new(),
            lost_lines: Vec::new(),
            state: State::Editing,
            create_time: now,
            update_time: now,
            wait_time: now,
            customer_wait_time: now,
            history: 0,
            head: Digest::GENESIS,
            erased: BTreeMap::new(),
        };
        claim.inform(facts);
        if claim.directory.denies_location() {
            return Err(Refusal::LocationNotOfPartner);
        }
        let mut next = Next::new(claim);
        next.record(What::Created, Entry { changes, ..Entry::default() });
        Ok(next.done())
    }

    /// The content that `update` would make of this claim's.
    #[must_use]
    pub fn content_after(&self, update: &Update) -> Content {
        self.content.with(&update.fields, &update.content)
    }

    /// Changes a draft (R17), or after the submission what the policy leaves to the partner (R29). `facts` are what the directory says of
    /// [`Self::content_after`]. `None`: nothing changes.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] where state and policy leave no edits to the partner; after the submission [`Refusal::FieldsLocked`] and
    /// [`Refusal::Incomplete`].
    pub fn update(
        &self,
        update: &Update,
        facts: Option<&Facts>,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Option<Transition<Self>>, Refusal> {
        self.admit(Command::Update)?;
        match self.state.submission() {
            None => Ok(self.redraft(update, facts, now)),
            Some(submission) => self.edit(update, submission, facts, rules, now),
        }
    }

    fn redraft(&self, update: &Update, facts: Option<&Facts>, now: Timestamp) -> Option<Transition<Self>> {
        let mut next = Next::of(self, now);
        next.claim.content = self.content_after(update);
        next.claim.inform(facts);
        if next.claim.content == self.content && next.claim.directory == self.directory {
            return None;
        }
        let changes = self.content.changes(&next.claim.content);
        next.record(What::Updated, Entry { changes, ..Entry::default() });
        Some(next.done())
    }

    /// Deletes a draft (R17). It leaves the lists, and stays in history and storage.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] in any state but EDITING.
    pub fn delete(&self, now: Timestamp) -> Result<Transition<Self>, Refusal> {
        self.admit(Command::Delete)?;
        let mut next = Next::of(self, now);
        next.claim.state = State::Deleted;
        next.record(What::Deleted, Entry::default());
        Ok(next.done())
    }
}
