//! The aggregate: one claim with everything that its decisions need.
use super::{
    Comment, Content, Directory, Event, Evidence, FieldChange, Line, LostLine, State, StateKind, Submission, What,
    history::Digest, waiting::Waited,
};
use cpor_durable::Transition;
use cpor_types::{ClaimName, PersonalData, Timestamp, rfc3339};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Its partner and id.
    pub name: ClaimName,
    /// What the partner entered.
    pub content: Content,
    /// What the directory says of it.
    pub directory: Directory,
    /// Its documents, oldest first; those removed from the draft are not among them.
    pub evidence: Vec<Evidence>,
    /// Lines that were awarded to others, in the order in which they were lost (R37).
    pub lost_lines: Vec<LostLine>,
    /// Where it stands.
    pub state: State,
    /// When it was created.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
    /// Since when it waits for what it waits for (R60).
    pub wait_time: Timestamp,
    /// The same as its customer may know it: the waits for arbitration, which tell of rivals, are none of their own (R5).
    pub customer_wait_time: Timestamp,
    /// Entries in its history.
    pub history: u64,
    /// The link of the last of them as it was loaded (R56): where the next one is chained to.
    pub head: Digest,
    /// The last erasure of each kind of personal data.
    pub erased: BTreeMap<PersonalData, Erasure>,
}

/// An erasure of personal data of one kind (R56).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// When: what was so until then and is told later is not kept.
    pub time: Timestamp,
    /// Whether nothing is left of the kind: nothing but erasures was recorded since.
    pub nothing_left: bool,
}

impl Claim {
    /// The lines that keep the company from claiming them again (R38): those of an open or approved claim whose associations are not over.
    pub fn live_lines(&self) -> impl Iterator<Item = (usize, &Line)> {
        let live = self.state.kind().lines_live();
        self.content.lines.iter().enumerate().filter(move |(_, line)| live && line.ended.is_none())
    }

    /// How many documents were added in the present submission, response or dispute (R14, R21, R28).
    #[must_use]
    pub fn new_documents(&self) -> usize {
        let before = self.state.submission().map_or(0, |submission| submission.documents_before);
        self.evidence.len().saturating_sub(before)
    }
}

/// A claim on its way to its next state, with what is recorded of the way.
pub(super) struct Next {
    /// The claim as it becomes.
    pub(super) claim: Claim,
    from: Option<StateKind>,
    waited: Option<Waited>,
    events: Vec<Event>,
}

impl Next {
    /// From an existing claim.
    pub(super) fn of(claim: &Claim, now: Timestamp) -> Self {
        let claim = Claim { update_time: now, ..claim.clone() };
        Self { from: Some(claim.state.kind()), waited: Some(claim.waited()), claim, events: Vec::new() }
    }

    /// From nothing.
    pub(super) const fn new(claim: Claim) -> Self {
        Self { claim, from: None, waited: None, events: Vec::new() }
    }

    /// Records what happened; it led from the state at the last entry to the state that the claim has now.
    pub(super) fn record(&mut self, what: What, entry: Entry) {
        let to = self.claim.state.kind();
        if let What::PersonalDataErased(kinds) = &what {
            let erasure = Erasure { time: self.claim.update_time, nothing_left: true };
            self.claim.erased.extend(kinds.iter().map(|kind| (*kind, erasure)));
        } else {
            // Whatever is recorded may name somebody, or say something.
            self.claim.erased.values_mut().for_each(|erasure| erasure.nothing_left = false);
        }
        let Entry { changes, reason, comment } = entry;
        self.events.push(Event { what, from: self.from, to, changes, reason, comment, late: Vec::new() });
        self.claim.history += 1;
        self.from = Some(to);
    }

    /// The transition. A wait that is new begins now, where nobody says otherwise by [`Claim::waiting_since`].
    pub(super) fn done(self) -> Transition<Claim> {
        let Self { claim, from: _, waited, events } = self;
        let now = claim.update_time;
        Transition { next: claim.waiting_since(waited, now), events }
    }
}

/// The parts of a history entry that many entries lack.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) changes: Vec<FieldChange>,
    pub(super) reason: String,
    pub(super) comment: Option<Comment>,
}

impl Entry {
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }

    pub(super) fn changing(mut self, field: &str, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.changes.push(FieldChange { field: field.to_owned(), from: from.into(), to: to.into() });
        self
    }

    /// What the customer has said last, where that is another thing now.
    pub(super) fn consenting(self, before: &Submission, after: &Submission) -> Self {
        let (before, after) = (before.consent(), after.consent());
        if before == after { self } else { self.changing("consent", before, after) }
    }

    /// Until when the customer can decline, where that is another time now.
    pub(super) fn windowed(self, before: &Submission, due: Option<Timestamp>) -> Self {
        self.timed("consent_due_time", before.consent_due, due)
    }

    /// When the first clock of the review passes, where that is another time now.
    pub(super) fn clocked(self, before: &Submission, due: Option<Timestamp>) -> Self {
        self.timed("review_due_time", before.review.due, due)
    }

    fn timed(self, field: &str, before: Option<Timestamp>, after: Option<Timestamp>) -> Self {
        let word = |time: Option<Timestamp>| time.map(rfc3339).unwrap_or_default();
        if before == after { self } else { self.changing(field, word(before), word(after)) }
    }

    pub(super) fn saying(mut self, comment: Option<Comment>) -> Self {
        self.comment = comment;
        self
    }
}
