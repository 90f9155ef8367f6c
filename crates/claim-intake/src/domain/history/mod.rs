//! The history that can be proved (R56): a chain of entries, each made of parts with a salted commitment of their own.
//!
//! ```text
//! salt(entry, n)  = H("salt", entry salt, n)
//! commitment      = H(kind of the part, salt, what the part says)
//! link(n)         = H("link", claim, link(n - 1), n, audience, the four commitments)
//! ```
//!
//! `H` is SHA-256 over length-prefixed fields after a tag, so that no two values are hashed alike. What a side may not
//! see is given as its commitment alone: the chain still holds, and the salt keeps it from being guessed. `changes` is a part that commits to the commitments of
//! the single changes: each can be withheld by itself, and the part as a whole where their number would tell something. Personal data is erased in the same way, with its salt, in the
//! database itself (`erase`).
mod erase;
mod seal;
mod verify;

#[cfg(test)]
mod tests;

pub(super) use erase::ERASURE_ACTION;
pub use erase::is_of_people;
pub use verify::{Divergence, EntryError, Receipt, Summary, VerifyError};

use super::{FieldChange, StateKind, string_enum};
use cpor_types::{ActorSide, ClaimName, PersonalData, Timestamp};
use erase::{StoredSalts, personal_data_kind};
use std::{fmt, str::FromStr};

/// A SHA-256, or a salt: 32 bytes, written in lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The link before the first entry.
    pub const GENESIS: Self = Self([0; 32]);
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 64 lower-case hexadecimal digits")]
pub struct InvalidDigest;

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(InvalidDigest),
        };
        let digits: [u8; 64] = text.as_bytes().try_into().map_err(|_| InvalidDigest)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

string_enum! {
    /// Which sides may see an entry at all.
    Audience {
        /// Whoever sees the claim's history.
        All = "all",
        /// The vendor's side; others learn that there is an entry.
        Vendor = "vendor",
    }
}

string_enum! {
    /// What an entry consists of.
    Part {
        /// Action, side, times, states.
        Facts = "facts",
        /// Who did it.
        Subject = "subject",
        /// Why.
        Reason = "reason",
        /// What changed from what to what.
        Changes = "changes",
    }
}

/// What is no personal data and nobody's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryFacts {
    /// What happened.
    pub action: String,
    /// On whose side.
    pub side: ActorSide,
    /// When it took effect.
    pub effective_time: Timestamp,
    /// When it was recorded.
    pub record_time: Timestamp,
    /// The state before; `None` for the first entry.
    pub from: Option<StateKind>,
    /// The state after.
    pub to: StateKind,
    /// A fact that came too late to change anything.
    pub overtaken: bool,
}

/// What an entry says, before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who may see it.
    pub audience: Audience,
    /// What happened.
    pub facts: EntryFacts,
    /// Who did it.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// What changed.
    pub changes: Vec<FieldChange>,
}

/// A part: its commitment and, unless it is withheld, what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed<T> {
    /// What the chain holds of it.
    pub commitment: Digest,
    /// Its salt and content.
    pub opened: Result<(Digest, T), Closed>,
}

/// Why a part does not say what was recorded. Both are the same arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// This side may not see it.
    Withheld,
    /// It was personal data of this kind, and nobody has it any more.
    Erased(PersonalData),
}

/// An entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEntry {
    /// From 1, without gaps.
    pub position: i64,
    /// Who may see it.
    pub audience: Audience,
    /// What happened.
    pub facts: Sealed<EntryFacts>,
    /// Who did it.
    pub subject: Sealed<String>,
    /// Why.
    pub reason: Sealed<String>,
    /// What changed.
    pub changes: Sealed<Vec<Sealed<FieldChange>>>,
    /// Of the chain up to here.
    pub link: Digest,
}

impl SealedEntry {
    /// Seals `entry` with 32 random bytes as the next one of the claim's chain, after the link `previous`.
    #[must_use]
    pub fn seal(claim: &ClaimName, previous: Digest, position: i64, salt: Digest, entry: Entry) -> Self {
        let Entry { audience, facts, subject, reason, changes } = entry;
        let change = |(n, change)| seal::seal("change", seal::change_salt(salt, n), change);
        let changes = changes.into_iter().enumerate().map(change).collect();
        let mut sealed = Self {
            position,
            audience,
            facts: seal::seal(Part::Facts.as_str(), seal::part_salt(salt, Part::Facts), facts),
            subject: seal::seal(Part::Subject.as_str(), seal::part_salt(salt, Part::Subject), subject),
            reason: seal::seal(Part::Reason.as_str(), seal::part_salt(salt, Part::Reason), reason),
            changes: seal::seal(Part::Changes.as_str(), seal::part_salt(salt, Part::Changes), changes),
            link: previous,
        };
        sealed.link = sealed.link_after(claim, previous);
        sealed
    }

    /// An entry as it was stored: what it says, the 32 bytes that its salts follow from or, where something was erased, [`Self::salts`], and the
    /// commitments that were made then (see [`Self::commitments`]), which may no longer fit. `None`: there are not enough of either.
    #[must_use]
    pub fn stored(position: i64, salts: &[u8], entry: Entry, commitments: &[u8], link: Digest) -> Option<Self> {
        let salts = StoredSalts::read(salts, &entry)?;
        let Entry { audience, facts, subject, reason, changes } = entry;
        let mut stored = commitments.chunks_exact(32).filter_map(|bytes| Some(Digest(bytes.try_into().ok()?)));
        let (facts_commitment, subject_commitment) = (stored.next()?, stored.next()?);
        let (reason_commitment, changes_commitment) = (stored.next()?, stored.next()?);
        let change = |(n, change): (usize, FieldChange)| Sealed {
            commitment: stored.next().unwrap_or(Digest::GENESIS),
            opened: salts.change(n, change),
        };
        let changes: Vec<_> = changes.into_iter().enumerate().map(change).collect();
        Some(Self {
            position,
            audience,
            facts: Sealed { commitment: facts_commitment, opened: salts.part(Part::Facts, facts) },
            subject: Sealed { commitment: subject_commitment, opened: salts.part(Part::Subject, subject) },
            reason: Sealed { commitment: reason_commitment, opened: salts.part(Part::Reason, reason) },
            changes: Sealed { commitment: changes_commitment, opened: salts.part(Part::Changes, changes) },
            link,
        })
    }

    /// Every commitment, to be stored: of the four parts, then of each change.
    #[must_use]
    pub fn commitments(&self) -> Vec<u8> {
        let changes = self.each_change().map(|change| change.commitment);
        self.parts().into_iter().chain(changes).flat_map(|digest| digest.0).collect()
    }

    /// The entry with these parts withheld, so that nobody is told either whether something was erased of them.
    #[must_use]
    pub fn withhold(mut self, parts: &[Part]) -> Self {
        for part in parts {
            match part {
                Part::Facts => self.facts.withhold(),
                Part::Subject => self.subject.withhold(),
                Part::Reason => self.reason.withhold(),
                Part::Changes => self.changes.withhold(),
            }
        }
        self
    }

    /// The entry with the changes withheld that are, or were until they were erased, personal data of this kind.
    #[must_use]
    pub fn withhold_changes(mut self, kind: PersonalData) -> Self {
        for change in self.changes.opened.iter_mut().flat_map(|(_, changes)| changes) {
            let is_of_kind = match &change.opened {
                Ok((_, change)) => personal_data_kind(&change.field) == Some(kind),
                Err(closed) => *closed == Closed::Erased(kind),
            };
            if is_of_kind {
                change.withhold();
            }
        }
        self
    }

    fn parts(&self) -> [Digest; 4] {
        [self.facts.commitment, self.subject.commitment, self.reason.commitment, self.changes.commitment]
    }

    /// The parts that are withheld; changes also where single ones are.
    pub fn withheld(&self) -> impl Iterator<Item = Part> {
        self.parts_hidden_as(|closed| closed == Closed::Withheld)
    }

    /// The parts that were erased; changes where single ones were.
    pub fn erased(&self) -> impl Iterator<Item = Part> {
        self.parts_hidden_as(|closed| closed != Closed::Withheld)
    }

    fn parts_hidden_as(&self, is_match: fn(Closed) -> bool) -> impl Iterator<Item = Part> {
        let changes =
            self.changes.is_hidden_as(is_match) || self.each_change().any(|change| change.is_hidden_as(is_match));
        let parts = [
            (Part::Facts, self.facts.is_hidden_as(is_match)),
            (Part::Subject, self.subject.is_hidden_as(is_match)),
            (Part::Reason, self.reason.is_hidden_as(is_match)),
            (Part::Changes, changes),
        ];
        parts.into_iter().filter_map(|(part, closed)| closed.then_some(part))
    }

    pub(crate) fn each_change(&self) -> impl Iterator<Item = &Sealed<FieldChange>> {
        self.changes.opened.iter().flat_map(|(_, changes)| changes)
    }
}

impl<T> Sealed<T> {
    fn withhold(&mut self) {
        self.opened = Err(Closed::Withheld);
    }

    /// Whether it is closed, and so.
    fn is_hidden_as(&self, is_match: fn(Closed) -> bool) -> bool {
        self.opened.as_ref().err().is_some_and(|closed| is_match(*closed))
    }
}
