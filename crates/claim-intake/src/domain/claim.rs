//! The aggregate: one claim with everything that its decisions need.
use super::{Comment, Content, Directory, Event, Evidence, FieldChange, State, StateKind, What};
use cpor_durable::Transition;
use cpor_types::{ClaimName, Timestamp};

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
    /// Where it stands.
    pub state: State,
    /// When it was created.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
    /// Entries in its history.
    pub history: u64,
}

/// A claim on its way to its next state, with what is recorded of the way.
pub(super) struct Next {
    /// The claim as it becomes.
    pub(super) claim: Claim,
    from: Option<StateKind>,
    events: Vec<Event>,
}

impl Next {
    /// From an existing claim.
    pub(super) fn of(claim: &Claim, now: Timestamp) -> Self {
        let claim = Claim { update_time: now, ..claim.clone() };
        Self { from: Some(claim.state.kind()), claim, events: Vec::new() }
    }

    /// From nothing.
    pub(super) const fn new(claim: Claim) -> Self {
        Self { claim, from: None, events: Vec::new() }
    }

    /// Records what happened; it led from the state at the last entry to the state that the claim has now.
    pub(super) fn record(&mut self, what: What, entry: Entry) {
        let to = self.claim.state.kind();
        let Entry { changes, reason, comment } = entry;
        self.events.push(Event { what, from: self.from, to, changes, reason, comment });
        self.claim.history += 1;
        self.from = Some(to);
    }

    /// The transition.
    pub(super) fn done(self) -> Transition<Claim> {
        Transition { next: self.claim, events: self.events }
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

    pub(super) fn saying(mut self, comment: Option<Comment>) -> Self {
        self.comment = comment;
        self
    }
}
