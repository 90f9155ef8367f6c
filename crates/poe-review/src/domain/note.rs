//! Notes: what reviewers tell each other about a case (R55). Each is told to claim-intake, in whose history reviewers find it again (R56).
use super::{CaseEvent, Refusal, ReviewCase};
use cpor_durable::Transition;
use cpor_types::Timestamp;
use uuid::Uuid;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its id within the case.
    pub id: Uuid,
    /// The subject of who wrote it; personal data.
    pub author: String,
    /// What they wrote.
    pub text: String,
    /// When.
    pub time: Timestamp,
}

impl ReviewCase {
    /// Writes a note on the case, in whatever state it is.
    ///
    /// # Errors
    /// [`Refusal::NoteEmpty`].
    pub fn note(&self, note: Note, now: Timestamp) -> Result<Option<Transition<Self>>, Refusal> {
        if note.text.trim().is_empty() {
            return Err(Refusal::NoteEmpty);
        }
        let next = Self { update_time: now.max(self.update_time), ..self.clone() };
        Ok(Some(Transition::new(next, [CaseEvent::Noted(Note { time: now, ..note })])))
    }
}
