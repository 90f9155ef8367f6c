//! Verifying a chain, or what a side was shown of it: by arithmetic alone, so that nobody has to be believed.
use super::{Audience, Closed, Digest, EntryFacts, Part, SealedEntry, seal::matches_commitment};
use crate::domain::StateKind;
use cpor_types::ClaimName;

/// What a side was shown of a claim's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The claim.
    pub claim: ClaimName,
    /// Every entry; what is withheld or erased without what it said.
    pub entries: Vec<SealedEntry>,
    /// The link of the last entry.
    pub head: Digest,
}

/// What a receipt proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Entries.
    pub entries: usize,
    /// Entries that were withheld whole.
    pub withheld: usize,
    /// Entries of which parts were withheld.
    pub partly_withheld: usize,
    /// Entries of which something was erased.
    pub erased: usize,
}

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// There are no entries: each claim has one at least.
    #[error("there is no entry")]
    Empty,
    /// With an entry.
    #[error("entry {position}: {error}")]
    Entry {
        /// Its place in the receipt, from 1.
        position: i64,
        /// What.
        error: EntryError,
    },
    /// The last entry is not the one that the receipt ends with.
    #[error(
        "the last entry has the link {last}, the receipt ends with {head}: entries are missing or do not belong to it"
    )]
    Head {
        /// Of the last entry.
        last: Digest,
        /// Of the receipt.
        head: Digest,
    },
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// An entry is missing, there twice, or in the wrong place.
    #[error("it says that it is entry {says}")]
    Position {
        /// The position that it has.
        says: i64,
    },
    /// A part is not what was recorded.
    #[error("its {} {} not what was recorded", .0, if matches!(.0, Part::Subject | Part::Reason) { "is" } else { "are" })]
    Part(Part),
    /// A change is not what was recorded.
    #[error("its change {0} is not what was recorded")]
    Change(usize),
    /// It does not follow from the entry before.
    #[error("its link does not follow from the entry before and its own commitments")]
    Link,
    /// It is for everybody, and yet its facts are withheld.
    #[error("it is for every side, and yet it is withheld")]
    Hidden,
    /// It does not begin in the state in which the one before ended, or was withheld and yet changes the state.
    #[error("it leads from another state than the one that the claim was in")]
    State,
}

/// How one receipt fails to be the beginning of another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    /// They are of different claims.
    #[error("the earlier receipt is of another claim, {0}")]
    Claim(ClaimName),
    /// The earlier one is longer.
    #[error("the earlier receipt has {earlier} entries, this one has {here}")]
    Shorter {
        /// Entries of the earlier one.
        earlier: usize,
        /// Entries of this one.
        here: usize,
    },
    /// They differ from this entry on.
    #[error("entry {0} is another one than in the earlier receipt")]
    Entry(i64),
}

impl Receipt {
    /// Verifies every commitment that is opened, every link, the positions and the states.
    ///
    /// # Errors
    /// The first [`VerifyError`].
    pub fn verify(&self) -> Result<Summary, VerifyError> {
        let (mut last, mut state) = (Digest::GENESIS, None);
        for (position, entry) in (1_i64..).zip(&self.entries) {
            let entry_error = |error| VerifyError::Entry { position, error };
            state = self.verify_entry(entry, position, last, state).map_err(entry_error)?;
            last = entry.link;
        }
        match self.entries.is_empty() {
            true => Err(VerifyError::Empty),
            false if last != self.head => Err(VerifyError::Head { last, head: self.head }),
            false => Ok(self.summarize()),
        }
    }

    /// Whether the entry is sound as the one at `position`, after the link `last` and in `state`; answers the state after it.
    fn verify_entry(
        &self,
        entry: &SealedEntry,
        position: i64,
        last: Digest,
        state: Option<StateKind>,
    ) -> Result<Option<StateKind>, EntryError> {
        if entry.position != position {
            return Err(EntryError::Position { says: entry.position });
        }
        entry.verify_commitments()?;
        if entry.link != entry.link_after(&self.claim, last) {
            return Err(EntryError::Link);
        }
        entry.state_after(state)
    }

    /// Whether `earlier` is the beginning of this one. Both must have been verified.
    ///
    /// # Errors
    /// How they differ.
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
            .map_or(Ok(()), |(here, _)| Err(Divergence::Entry(here.position)))
    }

    fn summarize(&self) -> Summary {
        let count = |is: fn(&SealedEntry) -> bool| self.entries.iter().filter(|entry| is(entry)).count();
        let withheld = count(|entry| entry.facts.is_hidden_as(|closed| closed == Closed::Withheld));
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

    /// What is withheld whole changes no state: that is what makes a view with withheld entries complete.
    fn state_after(&self, state: Option<StateKind>) -> Result<Option<StateKind>, EntryError> {
        let Ok((_, EntryFacts { from, to, .. })) = &self.facts.opened else {
            return if self.audience == Audience::All { Err(EntryError::Hidden) } else { Ok(state) };
        };
        let changes_state_hidden = self.audience == Audience::Vendor && *from != Some(*to);
        if *from != state || changes_state_hidden { Err(EntryError::State) } else { Ok(Some(*to)) }
    }
}
