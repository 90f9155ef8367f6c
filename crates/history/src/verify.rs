//! Verifies that the entries of a receipt form an unaltered chain. The verification needs only the
//! receipt itself, so the reader need not trust the issuer.
//!
//! A *commitment* is a salted hash of one part of an entry, a *link* the hash of the chain up to an
//! entry. The *facts* of an entry are its action, side, times and states.
use super::{Audience, Digest, EntryFacts, HiddenReason, Part, SealedEntry, seal::matches_commitment};
use cpor_types::{ClaimName, ClaimStateKind};

/// A claim's history as it was shown to one side: the partner, the customer or the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The resource name of the claim.
    pub claim: ClaimName,
    /// Every entry. Withheld and erased parts have no content.
    pub entries: Vec<SealedEntry>,
    /// The link of the last entry, which is the hash of the whole chain.
    pub head: Digest,
}

/// The numbers of entries in a verified receipt. *Withheld* content is hidden from the side that
/// reads the receipt; *erased* content was deleted for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The number of all entries.
    pub entries: usize,
    /// The number of entries whose facts are withheld, so that nothing of the entry is shown.
    pub withheld: usize,
    /// The number of entries whose facts are shown, but of which other parts are withheld.
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
    /// The first entry that is not valid.
    #[error("entry {position}: {error}")]
    InvalidEntry {
        /// The place of the entry in the receipt, from 1. In a valid receipt it equals the position
        /// that the entry contains.
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
    #[error("its position is {found}: an entry is missing, repeated or out of order")]
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
    /// The link is not the hash of the previous entry's link and the entry's own commitments.
    #[error("its link does not follow from the entry before and its own commitments")]
    Link,
    /// The facts of the entry are withheld although every side may see it.
    #[error("its facts are withheld although every side may see the entry")]
    Hidden,
    /// The entry starts in another state than the one in which the entry before it ended.
    #[error("it does not start in the state in which the entry before it ended")]
    State,
    /// Only the vendor's side may see the entry, and the entry changes the state. This is not
    /// allowed, because the other sides could not verify the states of the following entries.
    #[error("it changes the state although only the vendor's side may see the entry")]
    HiddenStateChange,
}

/// The reason why a receipt does not extend an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    /// The receipts are of different claims.
    #[error("the earlier receipt is of another claim, {0}")]
    Claim(ClaimName),
    /// This receipt has fewer entries than the earlier one.
    #[error("the earlier receipt has {earlier} entries, this one has {later}")]
    FewerEntries {
        /// The number of entries of the earlier receipt.
        earlier: usize,
        /// The number of entries of the later receipt.
        later: usize,
    },
    /// The receipts differ from the entry at this position on.
    #[error("entry {0} differs from the earlier receipt")]
    DifferentEntry(i64),
}

/// Verifies the entries of one claim's history, one after the other, with constant memory.
#[derive(Clone, Debug)]
pub struct ChainVerifier {
    claim: ClaimName,
    /// The position of the last entry.
    position: i64,
    /// The link of the last entry.
    link: Digest,
    /// The state after the last entry, in which the next entry must start.
    state: LastState,
}

/// The claim's state after an entry.
#[derive(Clone, Copy, Debug)]
enum LastState {
    /// The state is proven. It is `None` before the first entry.
    Known(Option<ClaimStateKind>),
    /// The facts of the entry do not match their commitment, or an entry is missing.
    Unknown,
}

impl ChainVerifier {
    /// Starts at the beginning of the claim's history.
    #[must_use]
    pub fn new(claim: ClaimName) -> Self {
        Self { claim, position: 0, link: Digest::GENESIS, state: LastState::Known(None) }
    }

    /// Returns the position of the last entry, or 0 before the first one.
    #[must_use]
    pub fn last_position(&self) -> i64 {
        self.position
    }

    /// Returns the link of the last entry.
    #[must_use]
    pub fn last_link(&self) -> Digest {
        self.link
    }

    /// Verifies the next entry: its position, every shown content against its commitment, its link
    /// and its state. The caller can go on after an error. The next entry is then compared with the
    /// link that the invalid entry contains, so that one altered entry does not make all following
    /// entries invalid.
    ///
    /// # Errors
    /// Returns the first fault of the entry.
    pub fn verify_next(&mut self, entry: &SealedEntry) -> Result<(), EntryError> {
        let expected_position = self.position.saturating_add(1);
        let (previous_link, previous_state) = (self.link, self.state);
        (self.position, self.link, self.state) = (entry.position, entry.link, LastState::Unknown);
        if entry.position != expected_position {
            return Err(EntryError::Position { found: entry.position });
        }
        entry.verify_commitments()?;
        self.state = state_after(entry, previous_state);
        if entry.link != entry.link_after(&self.claim, previous_link) {
            return Err(EntryError::Link);
        }
        verify_state(entry, previous_state)
    }
}

/// Returns the state after an entry whose facts match their commitment. If the facts are withheld,
/// the entry does not change `state`, the state before it.
fn state_after(entry: &SealedEntry, state: LastState) -> LastState {
    entry.facts.opened.as_ref().map_or(state, |(_, facts)| LastState::Known(Some(facts.to)))
}

/// Checks that the entry starts in the state in which the entry before it ended. An entry that only
/// the vendor's side may see must not change the state; this rule makes a history with withheld
/// entries verifiable.
fn verify_state(entry: &SealedEntry, previous: LastState) -> Result<(), EntryError> {
    let Ok((_, EntryFacts { from, to, .. })) = &entry.facts.opened else {
        return if entry.audience == Audience::All { Err(EntryError::Hidden) } else { Ok(()) };
    };
    if let LastState::Known(state) = previous
        && *from != state
    {
        return Err(EntryError::State);
    }
    let is_hidden_change = entry.audience == Audience::Vendor && *from != Some(*to);
    if is_hidden_change { Err(EntryError::HiddenStateChange) } else { Ok(()) }
}

impl Receipt {
    /// Verifies every shown content against its commitment, and every link, position and state.
    ///
    /// # Errors
    /// Returns the first fault that the verification finds.
    pub fn verify(&self) -> Result<Summary, VerifyError> {
        let mut chain = ChainVerifier::new(self.claim.clone());
        for (position, entry) in (1_i64..).zip(&self.entries) {
            chain.verify_next(entry).map_err(|error| VerifyError::InvalidEntry { position, error })?;
        }
        match self.entries.is_empty() {
            true => Err(VerifyError::Empty),
            false if chain.last_link() != self.head => {
                Err(VerifyError::Head { last: chain.last_link(), head: self.head })
            }
            false => Ok(self.summarize()),
        }
    }

    /// Checks that the receipt `earlier` is the beginning of this one. Both must have been
    /// verified.
    ///
    /// # Errors
    /// Returns the first difference.
    pub fn extends(&self, earlier: &Self) -> Result<(), Divergence> {
        if self.claim != earlier.claim {
            return Err(Divergence::Claim(earlier.claim.clone()));
        }
        let (later_length, earlier_length) = (self.entries.len(), earlier.entries.len());
        if later_length < earlier_length {
            return Err(Divergence::FewerEntries { earlier: earlier_length, later: later_length });
        }
        let mut pairs = self.entries.iter().zip(&earlier.entries);
        pairs
            .find(|(entry, earlier_entry)| entry.link != earlier_entry.link)
            .map_or(Ok(()), |(entry, _)| Err(Divergence::DifferentEntry(entry.position)))
    }

    /// Counts the entries and their hidden parts.
    fn summarize(&self) -> Summary {
        let count = |matches: fn(&SealedEntry) -> bool| self.entries.iter().filter(|entry| matches(entry)).count();
        let withheld = count(|entry| entry.facts.is_hidden_as(|reason| reason == HiddenReason::Withheld));
        let with_withheld_parts = count(|entry| entry.withheld().next().is_some());
        let erased = count(|entry| entry.erased().next().is_some());
        Summary { entries: self.entries.len(), withheld, partly_withheld: with_withheld_parts - withheld, erased }
    }
}

impl SealedEntry {
    /// Checks each shown part and change against its commitment.
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
        let altered_index = self.each_change().position(|change| !matches_commitment("change", change));
        altered_index.map_or(Ok(()), |index| Err(EntryError::Change(index + 1)))
    }
}
