//! The aggregate: one claim with everything that is needed to decide commands on it, and the
//! builder of its transitions. A *line* is the part of a claim that is about one workload or
//! subscription of the customer. An *association* puts the partner on record for the workload or
//! subscription of a line.
use super::{
    ClaimRegistryData, ClaimStateKind, Comment, Content, Event, EventKind, Evidence, FieldChange, Line, LostLine,
    State, Submission, waiting::WaitStarts,
};
use cpor_durable::Transition;
use cpor_history::Digest;
use cpor_types::{ClaimName, PersonalData, Timestamp, rfc3339};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A claim: a partner's statement that it is on record for a customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The partner and the id of the claim.
    pub name: ClaimName,
    /// What the partner entered.
    pub content: Content,
    /// What the registry service has found out about the content when it last checked it.
    pub registry_data: ClaimRegistryData,
    /// The documents of the claim, oldest first. Documents that were removed from the draft are not
    /// in this list.
    pub evidence: Vec<Evidence>,
    /// The lines that a review lead awarded to other companies, in the order in which they were
    /// lost (R37).
    pub lost_lines: Vec<LostLine>,
    /// The state of the claim, with the data of that state.
    pub state: State,
    /// When the claim was created.
    pub create_time: Timestamp,
    /// When the claim last changed.
    pub update_time: Timestamp,
    /// The time at which the claim began to wait for what it waits for now (R60): the start of its
    /// present [`Wait`](super::Wait).
    pub wait_start_time: Timestamp,
    /// The start of the present wait as the customer sees it. The customer does not see a wait that
    /// would reveal a competing claim, but what the claim would wait for without it (R5).
    pub customer_wait_start_time: Timestamp,
    /// The number of entries in the claim's history.
    pub history_length: u64,
    /// The link of the last history entry as loaded from the database. A link is the hash of the
    /// history up to an entry, and the link of the next entry is computed from it (R56).
    pub head: Digest,
    /// The last erasure of each kind of personal data.
    pub erased: BTreeMap<PersonalData, Erasure>,
}

/// The last erasure of one kind of personal data (R56).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// When the data was erased. If data of this kind from before this time is reported later, it
    /// is not stored.
    pub time: Timestamp,
    /// Whether the claim contains no data of this kind since the erasure. It becomes `false` with
    /// the next history entry that is not an erasure, because such an entry may contain new data.
    pub nothing_left: bool,
}

impl Claim {
    /// Returns the live lines with their indexes. A line is live while the claim is open or
    /// approved and the line's association has not ended. R38: the company cannot claim the
    /// workload or subscription of a live line again.
    pub fn live_lines(&self) -> impl Iterator<Item = (usize, &Line)> {
        let live = self.state.kind().has_live_lines();
        self.content.lines.iter().enumerate().filter(move |(_, line)| live && line.association_end.is_none())
    }

    /// Returns how many documents were added in the present submission, response or dispute (R14,
    /// R21, R28).
    #[must_use]
    pub fn new_documents(&self) -> usize {
        let before = self.state.submission().map_or(0, |submission| submission.document_count_at_start);
        self.evidence.len().saturating_sub(before)
    }
}

/// Builds a transition: the next claim, and the events that lead to it.
pub(super) struct TransitionBuilder {
    /// The claim as it will be after the transition.
    pub(super) claim: Claim,
    /// The state after the last recorded event or, before the first one, at the start of the
    /// transition; `None` for a claim that is created.
    state_before: Option<ClaimStateKind>,
    /// What the claim waited for before the transition; `None` for a claim that is created.
    previous_wait: Option<WaitStarts>,
    /// The events recorded so far.
    events: Vec<Event>,
}

impl TransitionBuilder {
    /// Starts a transition of an existing claim at the time `now`.
    pub(super) fn new(claim: &Claim, now: Timestamp) -> Self {
        let claim = Claim { update_time: now, ..claim.clone() };
        Self {
            state_before: Some(claim.state.kind()),
            previous_wait: Some(claim.wait_starts()),
            claim,
            events: Vec::new(),
        }
    }

    /// Starts the transition that creates `claim`.
    pub(super) const fn created(claim: Claim) -> Self {
        Self { claim, state_before: None, previous_wait: None, events: Vec::new() }
    }

    /// Records an event that leads from the state after the previous event to the claim's present
    /// state.
    pub(super) fn record(&mut self, kind: EventKind, details: EntryDetails) {
        let to = self.claim.state.kind();
        if let EventKind::PersonalDataErased(kinds) = &kind {
            let erasure = Erasure { time: self.claim.update_time, nothing_left: true };
            self.claim.erased.extend(kinds.iter().map(|kind| (*kind, erasure)));
        } else {
            // Any entry other than an erasure may contain personal data again.
            self.claim.erased.values_mut().for_each(|erasure| erasure.nothing_left = false);
        }
        let EntryDetails { changes, reason, comment } = details;
        self.events.push(Event {
            kind,
            from: self.state_before,
            to,
            changes,
            reason,
            comment,
            already_erased: Vec::new(),
        });
        self.claim.history_length += 1;
        self.state_before = Some(to);
    }

    /// Returns the transition. If the claim waits for something new, the wait begins at its update
    /// time; [`Claim::with_wait_starts`] can set another time later.
    pub(super) fn build(self) -> Transition<Claim> {
        let Self { claim, state_before: _, previous_wait, events } = self;
        let now = claim.update_time;
        Transition { next: claim.with_wait_starts(previous_wait, now), events }
    }
}

/// The parts of a history entry that many entries leave empty.
#[derive(Default)]
pub(super) struct EntryDetails {
    /// The fields that changed.
    pub(super) changes: Vec<FieldChange>,
    /// The reason of the event, or the text that a person wrote.
    pub(super) reason: String,
    /// The comment to the other side that is stored with the event.
    pub(super) comment: Option<Comment>,
}

impl EntryDetails {
    /// Creates the details with a reason and nothing else.
    pub(super) fn with_reason(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }

    /// Adds a change of the field at the path `field` from one value to another.
    pub(super) fn with_change(mut self, field: &str, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.changes.push(FieldChange { field: field.to_owned(), from: from.into(), to: to.into() });
        self
    }

    /// Adds a change of the field `consent` if the customer's last decision differs between
    /// `before` and `after`.
    pub(super) fn with_consent_change(self, before: &Submission, after: &Submission) -> Self {
        let (before, after) = (before.consent_status(), after.consent_status());
        if before == after { self } else { self.with_change("consent", before, after) }
    }

    /// Adds a change of the field `consent_due_time` if the end of the consent window changes to
    /// `due`.
    pub(super) fn with_consent_due(self, before: &Submission, due: Option<Timestamp>) -> Self {
        self.with_time_change("consent_due_time", before.consent_due, due)
    }

    /// Adds a change of the field `review_due_time` if the earliest deadline of the review changes
    /// to `due`.
    pub(super) fn with_review_due(self, before: &Submission, due: Option<Timestamp>) -> Self {
        self.with_time_change("review_due_time", before.review.due, due)
    }

    /// Adds a change of the field at the path `field` if the two times differ.
    fn with_time_change(self, field: &str, before: Option<Timestamp>, after: Option<Timestamp>) -> Self {
        let format_time = |time: Option<Timestamp>| time.map(rfc3339).unwrap_or_default();
        if before == after { self } else { self.with_change(field, format_time(before), format_time(after)) }
    }

    /// Sets the comment to the other side.
    pub(super) fn with_comment(mut self, comment: Option<Comment>) -> Self {
        self.comment = comment;
        self
    }
}
