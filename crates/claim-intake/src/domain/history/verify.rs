//! Verifying a chain, or what a side was shown of it: by arithmetic alone, so that nobody has to be believed.
use super::{Audience, Closed, Digest, EntryFacts, Part, SealedEntry, seal::holds};
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
pub enum Fault {
    /// There are no entries: each claim has one at least.
    #[error("there is no entry")]
    Empty,
    /// With an entry.
    #[error("entry {position}: {flaw}")]
    Entry {
        /// Its place in the receipt, from 1.
        position: i64,
        /// What.
        flaw: Flaw,
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
pub enum Flaw {
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
    /// The first [`Fault`].
    pub fn verify(&self) -> Result<Summary, Fault> {
        let (mut last, mut state) = (Digest::GENESIS, None);
        for (position, entry) in (1_i64..).zip(&self.entries) {
            let flawed = |flaw| Fault::Entry { position, flaw };
            state = self.follows(entry, position, last, state).map_err(flawed)?;
            last = entry.link;
        }
        match self.entries.is_empty() {
            true => Err(Fault::Empty),
            false if last != self.head => Err(Fault::Head { last, head: self.head }),
            false => Ok(self.summary()),
        }
    }

    /// Whether the entry is sound as the one at `position`, after the link `last` and in `state`; answers the state after it.
    fn follows(
        &self,
        entry: &SealedEntry,
        position: i64,
        last: Digest,
        state: Option<StateKind>,
    ) -> Result<Option<StateKind>, Flaw> {
        if entry.position != position {
            return Err(Flaw::Position { says: entry.position });
        }
        entry.says_what_was_recorded()?;
        if entry.link != entry.link_after(&self.claim, last) {
            return Err(Flaw::Link);
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

    fn summary(&self) -> Summary {
        let count = |is: fn(&SealedEntry) -> bool| self.entries.iter().filter(|entry| is(entry)).count();
        let withheld = count(|entry| entry.facts.is(|closed| closed == Closed::Withheld));
        let some_withheld = count(|entry| entry.withheld().next().is_some());
        let erased = count(|entry| entry.erased().next().is_some());
        Summary { entries: self.entries.len(), withheld, partly_withheld: some_withheld - withheld, erased }
    }
}

impl SealedEntry {
    fn says_what_was_recorded(&self) -> Result<(), Flaw> {
        let parts = [
            (Part::Facts, holds(Part::Facts.as_str(), &self.facts)),
            (Part::Subject, holds(Part::Subject.as_str(), &self.subject)),
            (Part::Reason, holds(Part::Reason.as_str(), &self.reason)),
            (Part::Changes, holds(Part::Changes.as_str(), &self.changes)),
        ];
        if let Some((part, _)) = parts.into_iter().find(|(_, holds)| !holds) {
            return Err(Flaw::Part(part));
        }
        let bad = self.each_change().position(|change| !holds("change", change));
        bad.map_or(Ok(()), |n| Err(Flaw::Change(n + 1)))
    }

    /// What is withheld whole changes no state: that is what makes a view with withheld entries complete.
    fn state_after(&self, state: Option<StateKind>) -> Result<Option<StateKind>, Flaw> {
        let Ok((_, EntryFacts { from, to, .. })) = &self.facts.opened else {
            return if self.audience == Audience::All { Err(Flaw::Hidden) } else { Ok(state) };
        };
        let moved_in_secret = self.audience == Audience::Vendor && *from != Some(*to);
        if *from != state || moved_in_secret { Err(Flaw::State) } else { Ok(Some(*to)) }
    }
}
