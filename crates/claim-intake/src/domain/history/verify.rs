//! The verification of a receipt: whether its entries form an unaltered chain. It needs only the
//! receipt itself, so nobody has to trust the issuer.
use super::{Audience, Digest, EntryFacts, HiddenReason, Part, SealedEntry, seal::matches_commitment};
use crate::domain::StateKind;
use cpor_types::ClaimName;

/// A claim's history as one side was shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The claim.
    pub claim: ClaimName,
    /// Every entry. Withheld and erased parts have no content.
    pub entries: Vec<SealedEntry>,
    /// The link of the last entry.
    pub head: Digest,
}

/// What a verified receipt contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The number of entries.
    pub entries: usize,
    /// The number of entries that are withheld completely.
    pub withheld: usize,
    /// The number of entries of which some parts are withheld.
    pub partly_withheld: usize,
    /// The number of entries of which something was erased.
    pub erased: usize,
}

/// The first fault that the verification found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The receipt has no entries. Every claim has at least one.
    #[error("the receipt has no entries")]
    Empty,
    /// An entry has a fault.
    #[error("entry {position}: {error}")]
    InvalidEntry {
        /// The place of the entry in the receipt, from 1.
        position: i64,
        /// The fault of the entry.
        error: EntryError,
    },
    /// The link of the last entry is not the head of the receipt.
    #[error(
        "the last entry has the link {last}, but the head of the receipt is {head}: entries are missing or do not belong to it"
    )]
    Head {
        /// The link of the last entry.
        last: Digest,
        /// The head of the receipt.
        head: Digest,
    },
}

/// A fault of an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// An entry is missing, repeated or in the wrong place.
    #[error("its position is {found}")]
    Position {
        /// The position that the entry contains.
        found: i64,
    },
    /// The content of this part does not match its commitment.
    #[error("its {} {} not what was recorded", .0, if matches!(.0, Part::Subject | Part::Reason) { "is" } else { "are" })]
    Part(Part),
    /// The content of the change with this number, from 1, does not match its commitment.
    #[error("its change {0} is not what was recorded")]
    Change(usize),
    /// The link is not the hash of the link before it and the entry's own commitments.
    #[error("its link does not follow from the entry before and its own commitments")]
    Link,
    /// The facts of the entry are withheld although every side may see it.
    #[error("its facts are withheld although every side may see the entry")]
    Hidden,
    /// The entry starts in another state than the one in which the entry before ended, or it is for
    /// the vendor only and changes the state.
    #[error(
        "it does not start in the state in which the entry before it ended, or it is for the vendor only and changes the state"
    )]
    State,
}

/// Why one receipt does not extend an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    /// The receipts are of different claims.
    #[error("the earlier receipt is of another claim, {0}")]
    Claim(ClaimName),
    /// The earlier receipt has more entries.
    #[error("the earlier receipt has {earlier} entries, this one has {here}")]
    Shorter {
        /// The number of entries of the earlier receipt.
        earlier: usize,
        /// The number of entries of the later receipt.
        here: usize,
    },
    /// The receipts differ from the entry at this position on.
    #[error("entry {0} differs from the earlier receipt")]
    DifferentEntry(i64),
}

impl Receipt {
    /// Verifies every shown content against its commitment, and every link, position and state.
    ///
    /// # Errors
    /// The first [`VerifyError`].
    pub fn verify(&self) -> Result<Summary, VerifyError> {
        let (mut last, mut state) = (Digest::GENESIS, None);
        for (position, entry) in (1_i64..).zip(&self.entries) {
            let entry_error = |error| VerifyError::InvalidEntry { position, error };
            state = self.verify_entry(entry, position, last, state).map_err(entry_error)?;
            last = entry.link;
        }
        match self.entries.is_empty() {
            true => Err(VerifyError::Empty),
            false if last != self.head => Err(VerifyError::Head { last, head: self.head }),
            false => Ok(self.summarize()),
        }
    }

    /// Verifies the entry at `position`. `last` is the link before it and `state` the state before
    /// it. Returns the state after the entry.
    fn verify_entry(
        &self,
        entry: &SealedEntry,
        position: i64,
        last: Digest,
        state: Option<StateKind>,
    ) -> Result<Option<StateKind>, EntryError> {
        if entry.position != position {
            return Err(EntryError::Position { found: entry.position });
        }
        entry.verify_commitments()?;
        if entry.link != entry.link_after(&self.claim, last) {
            return Err(EntryError::Link);
        }
        entry.state_after(state)
    }

    /// Checks that the receipt `earlier` is the beginning of this one. Both must have been
    /// verified.
    ///
    /// # Errors
    /// The first difference.
    pub fn extends(&self, earlier: &Self) -> Result<(), Divergence> {
        if self.claim != earlier.claim {
            return Err(Divergence::Claim(earlier.claim.clone()));
        }
        let (here, before) = (self.entries.len(), earlier.entries.len());
        if here < before {
            return Err(Divergence::Shorter { earlier: before, here });
        }
        let mut pairs = self.entries.iter().zip(&earlier.entries);
        pairs
            .find(|(here, before)| here.link != before.link)
            .map_or(Ok(()), |(here, _)| Err(Divergence::DifferentEntry(here.position)))
    }

    fn summarize(&self) -> Summary {
        let count = |is: fn(&SealedEntry) -> bool| self.entries.iter().filter(|entry| is(entry)).count();
        let withheld = count(|entry| entry.facts.is_hidden_as(|closed| closed == HiddenReason::Withheld));
        let some_withheld = count(|entry| entry.withheld().next().is_some());
        let erased = count(|entry| entry.erased().next().is_some());
        Summary { entries: self.entries.len(), withheld, partly_withheld: some_withheld - withheld, erased }
    }
}

impl SealedEntry {
    fn verify_commitments(&self) -> Result<(), EntryError> {
        let parts = [
            (Part::Facts, matches_commitment(Part::Facts.as_str(), &self.facts)),
            (Part::Subject, matches_commitment(Part::Subject.as_str(), &self.subject)),
            (Part::Reason, matches_commitment(Part::Reason.as_str(), &self.reason)),
            (Part::Changes, matches_commitment(Part::Changes.as_str(), &self.changes)),
        ];
        if let Some((part, _)) = parts.into_iter().find(|(_, matches)| !matches) {
            return Err(EntryError::Part(part));
        }
        let wrong = self.each_change().position(|change| !matches_commitment("change", change));
        wrong.map_or(Ok(()), |n| Err(EntryError::Change(n + 1)))
    }

    /// Returns the state after the entry. An entry that is withheld completely must not change the
    /// state; this rule makes a history with withheld entries verifiable.
    fn state_after(&self, state: Option<StateKind>) -> Result<Option<StateKind>, EntryError> {
        let Ok((_, EntryFacts { from, to, .. })) = &self.facts.opened else {
            return if self.audience == Audience::All { Err(EntryError::Hidden) } else { Ok(state) };
        };
        let changes_state_hidden = self.audience == Audience::Vendor && *from != Some(*to);
        if *from != state || changes_state_hidden { Err(EntryError::State) } else { Ok(Some(*to)) }
    }
}
