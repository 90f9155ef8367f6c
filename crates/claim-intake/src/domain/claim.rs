//! The aggregate: one claim with everything that its decisions need.
use super::{
    Comment, Content, Directory, Event, Evidence, FieldChange, Line, LostLine, State, StateKind, Submission, What,
    history::Digest, waiting::WaitClock,
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
        let live = self.state.kind().has_live_lines();
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
pub(super) struct TransitionBuilder {
    /// The claim as it becomes.
    pub(super) claim: Claim,
    state_before: Option<StateKind>,
    previous_wait: Option<WaitClock>,
    events: Vec<Event>,
}

impl TransitionBuilder {
    /// From an existing claim.
    pub(super) fn new(claim: &Claim, now: Timestamp) -> Self {
        let claim = Claim { update_time: now, ..claim.clone() };
        Self {
            state_before: Some(claim.state.kind()),
            previous_wait: Some(claim.wait_clock()),
            claim,
            events: Vec::new(),
        }
    }

    /// From nothing.
    pub(super) const fn created(claim: Claim) -> Self {
        Self { claim, state_before: None, previous_wait: None, events: Vec::new() }
    }

    /// Records what happened; it led from the state at the last entry to the state that the claim has now.
    pub(super) fn record(&mut self, what: What, entry: EntryDetails) {
        let to = self.claim.state.kind();
        if let What::PersonalDataErased(kinds) = &what {
            let erasure = Erasure { time: self.claim.update_time, nothing_left: true };
            self.claim.erased.extend(kinds.iter().map(|kind| (*kind, erasure)));
        } else {
            // Whatever is recorded may name somebody, or say something.
            self.claim.erased.values_mut().for_each(|erasure| erasure.nothing_left = false);
        }
        let EntryDetails { changes, reason, comment } = entry;
        self.events.push(Event { what, from: self.state_before, to, changes, reason, comment, late: Vec::new() });
        self.claim.history += 1;
        self.state_before = Some(to);
    }

    /// The transition. A wait that is new begins now, where nobody says otherwise by [`Claim::waiting_since`].
    pub(super) fn build(self) -> Transition<Claim> {
        let Self { claim, state_before: _, previous_wait, events } = self;
        let now = claim.update_time;
        Transition { next: claim.with_wait_clock(previous_wait, now), events }
    }
}

/// The parts of a history entry that many entries lack.
#[derive(Default)]
pub(super) struct EntryDetails {
    pub(super) changes: Vec<FieldChange>,
    pub(super) reason: String,
    pub(super) comment: Option<Comment>,
}

impl EntryDetails {
    pub(super) fn with_reason(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }

    pub(super) fn with_change(mut self, field: &str, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.changes.push(FieldChange { field: field.to_owned(), from: from.into(), to: to.into() });
        self
    }

    /// What the customer has said last, where that is another thing now.
    pub(super) fn with_consent_change(self, before: &Submission, after: &Submission) -> Self {
        let (before, after) = (before.consent_status(), after.consent_status());
        if before == after { self } else { self.with_change("consent", before, after) }
    }

    /// Until when the customer can decline, where that is another time now.
    pub(super) fn with_consent_due(self, before: &Submission, due: Option<Timestamp>) -> Self {
        self.with_time_change("consent_due_time", before.consent_due, due)
    }

    /// When the first clock of the review passes, where that is another time now.
    pub(super) fn with_review_due(self, before: &Submission, due: Option<Timestamp>) -> Self {
        self.with_time_change("review_due_time", before.review.due, due)
    }

    fn with_time_change(self, field: &str, before: Option<Timestamp>, after: Option<Timestamp>) -> Self {
        let text = |time: Option<Timestamp>| time.map(rfc3339).unwrap_or_default();
        if before == after { self } else { self.with_change(field, text(before), text(after)) }
    }

    pub(super) fn with_comment(mut self, comment: Option<Comment>) -> Self {
        self.comment = comment;
        self
    }
}
