//! Notes of reviewers on a case, which only reviewers can read (R55). Each note is also sent to
//! claim-intake, which records it in the claim's history (R56).
use super::{CaseEvent, CommandResult, Refusal, ReviewCase};
use cpor_durable::Transition;
use cpor_types::Timestamp;
use uuid::Uuid;

/// A note of a reviewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The id of the note within its case.
    pub id: Uuid,
    /// The subject (user id) of the author. It is personal data.
    pub author: String,
    /// The text of the note; not blank.
    pub text: String,
    /// The time at which the note was written.
    pub time: Timestamp,
}

impl ReviewCase {
    /// Adds a note to the case, in any state. The note gets the time `now`.
    ///
    /// # Errors
    /// Returns [`Refusal::NoteEmpty`] if the text is blank.
    pub fn add_note(&self, note: Note, now: Timestamp) -> CommandResult {
        if cpor_types::is_blank(&note.text) {
            return Err(Refusal::NoteEmpty);
        }
        let next = Self { update_time: now.max(self.update_time), ..self.clone() };
        Ok(Some(Transition::new(next, [CaseEvent::NoteCreated(Note { time: now, ..note })])))
    }
}
