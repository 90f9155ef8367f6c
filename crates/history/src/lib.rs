//! The verifiable history of a claim (R56): a chain of entries. Each entry consists of four parts
//! (facts, subject, reason and changes). The chain contains a *commitment*, which is a salted hash,
//! of every part. The *link* of an entry is the hash of the chain up to this entry.
//!
//! ```text
//! salt        = H("salt", random bytes of the entry, name of the part)
//! commitment  = H(name of the part, salt, content of the part)
//! link(n)     = H("link", claim, link(n - 1), n, audience, the four commitments)
//! ```
//!
//! `n` is the position of the entry, and `audience` says which sides (partner, customer, vendor)
//! may see it. `H` is SHA-256 over length-prefixed fields, so that no two values have the same
//! input. If a side may not see a part, it gets the commitment without the content and the salt. It
//! can still verify the chain, and without the salt it cannot test guesses of the content.
//!
//! The commitment of the part `changes` is computed from the commitments of the single changes, so
//! that each change can be withheld alone. The part is withheld as a whole if the number of changes
//! would reveal information. When personal data is erased, the database keeps the commitment and
//! loses the content and the salt (module `erase`).
mod erase;
pub mod receipt;
pub mod root;
mod seal;
mod verify;

#[cfg(test)]
mod tests;

pub use erase::PersonalDataRules;
pub use verify::{ChainVerifier, Divergence, EntryError, Receipt, Summary, VerifyError};

use cpor_types::{ActorSide, ClaimName, ClaimStateKind, PersonalData, Timestamp, string_enum};
use erase::StoredSalts;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A SHA-256 hash or a salt: 32 bytes, written in lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest that takes the place of the previous link (or root) for the first entry (or
    /// root).
    pub const GENESIS: Self = Self([0; 32]);
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        text.parse()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error for a text that is not the hex form of a [`Digest`].
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
    /// The sides that may see an entry.
    pub enum Audience, "an audience of a history entry" {
        /// Everybody who may see the history of the claim.
        All = "all",
        /// Only the vendor's side. Other sides see that there is an entry, but not its content.
        Vendor = "vendor",
    }
}

string_enum! {
    /// A part of a history entry, which has one commitment.
    pub enum Part, "a part of a history entry" {
        /// What happened, on which side, when, and between which states: [`EntryFacts`].
        Facts = "facts",
        /// The id of the person or service that caused the event.
        Subject = "subject",
        /// The reason of the event, or the text that a person wrote, such as a comment.
        Reason = "reason",
        /// The changed fields, with their values before and after.
        Changes = "changes",
    }
}

/// The facts of an entry: the part that contains neither personal data nor text that people wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryFacts {
    /// The name of the event, for example `submitted`.
    pub action: String,
    /// The side that caused the event.
    pub side: ActorSide,
    /// The time at which the event took effect.
    pub effective_time: Timestamp,
    /// The time at which the event was recorded.
    pub record_time: Timestamp,
    /// The state before the event; `None` for the first entry.
    pub from: Option<ClaimStateKind>,
    /// The state after the event.
    pub to: ClaimStateKind,
    /// Whether another service reported the event so late that it no longer changed the claim.
    pub overtaken: bool,
}

/// A field that changed, with its values as display text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The path of the field in the claim.
    pub field: String,
    /// The value before; empty when there was none.
    pub from: String,
    /// The value after; empty when there is none.
    pub to: String,
}

/// The content of a history entry, before its commitments are computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The sides that may see the entry.
    pub audience: Audience,
    /// What happened, on which side, when, and between which states.
    pub facts: EntryFacts,
    /// The id of the person or service that caused the event; empty if there is none.
    pub subject: String,
    /// The reason of the event, or the text that a person wrote; empty if there is none.
    pub reason: String,
    /// The changed fields of the claim.
    pub changes: Vec<FieldChange>,
}

/// A part of an entry, or one of its changes: the commitment and, unless hidden, the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPart<T> {
    /// The salted hash of the content. The chain contains it.
    pub commitment: Digest,
    /// The salt and the content from which the commitment was computed, or the reason why they are
    /// hidden.
    pub opened: Result<(Digest, T), HiddenReason>,
}

/// The reason why the content of a part is not shown. The chain can be verified in both cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HiddenReason {
    /// The side that reads the history may not see the content.
    Withheld,
    /// The content was personal data of this kind and was deleted.
    Erased(PersonalData),
}

/// An entry of the chain, with the commitments of its parts. [`HistoryEntry`] is its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEntry {
    /// The position in the chain, from 1 and without gaps.
    pub position: i64,
    /// The sides that may see the entry.
    pub audience: Audience,
    /// What happened, on which side, when, and between which states.
    pub facts: SealedPart<EntryFacts>,
    /// The id of the person or service that caused the event.
    pub subject: SealedPart<String>,
    /// The reason of the event, or the text that a person wrote.
    pub reason: SealedPart<String>,
    /// The changed fields. Each change has a commitment of its own.
    pub changes: SealedPart<Vec<SealedPart<FieldChange>>>,
    /// The hash of the chain up to this entry.
    pub link: Digest,
}

impl SealedEntry {
    /// Seals `entry` as the next entry of the claim's chain: computes its commitments and its link.
    /// `previous` is the link of the entry before it. `salt` consists of 32 random bytes, from
    /// which the salts of the parts are derived.
    #[must_use]
    pub fn seal(claim: &ClaimName, previous: Digest, position: i64, salt: Digest, entry: HistoryEntry) -> Self {
        let HistoryEntry { audience, facts, subject, reason, changes } = entry;
        let seal_change = |(index, change)| seal::seal("change", seal::change_salt(salt, index), change);
        let changes = changes.into_iter().enumerate().map(seal_change).collect();
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

    /// Restores an entry from the database.
    ///
    /// `salts` are the 32 bytes that were given to [`Self::seal`] or, after an erasure, the result
    /// of [`Self::salts`]. `commitments` is the result of [`Self::commitments`] at the time of
    /// sealing, so a later change of the content is found by the verification. Returns `None` when
    /// `salts` has the wrong length or `commitments` lacks one of the four parts. A missing
    /// commitment of a change is replaced by zeros, so that the verification fails.
    #[must_use]
    pub fn from_stored(
        position: i64,
        salts: &[u8],
        entry: HistoryEntry,
        commitments: &[u8],
        link: Digest,
    ) -> Option<Self> {
        let salts = StoredSalts::read(salts, &entry)?;
        let HistoryEntry { audience, facts, subject, reason, changes } = entry;
        let mut stored_commitments =
            commitments.chunks_exact(32).filter_map(|bytes| Some(Digest(bytes.try_into().ok()?)));
        let (facts_commitment, subject_commitment) = (stored_commitments.next()?, stored_commitments.next()?);
        let (reason_commitment, changes_commitment) = (stored_commitments.next()?, stored_commitments.next()?);
        let restore_change = |(index, change): (usize, FieldChange)| SealedPart {
            commitment: stored_commitments.next().unwrap_or(Digest::GENESIS),
            opened: salts.change(index, change),
        };
        let changes: Vec<_> = changes.into_iter().enumerate().map(restore_change).collect();
        Some(Self {
            position,
            audience,
            facts: SealedPart { commitment: facts_commitment, opened: salts.part(Part::Facts, facts) },
            subject: SealedPart { commitment: subject_commitment, opened: salts.part(Part::Subject, subject) },
            reason: SealedPart { commitment: reason_commitment, opened: salts.part(Part::Reason, reason) },
            changes: SealedPart { commitment: changes_commitment, opened: salts.part(Part::Changes, changes) },
            link,
        })
    }

    /// Returns the commitments of the four parts and then of the changes, 32 bytes each, as the
    /// database stores them.
    #[must_use]
    pub fn commitments(&self) -> Vec<u8> {
        let changes = self.each_change().map(|change| change.commitment);
        self.part_commitments().into_iter().chain(changes).flat_map(|digest| digest.0).collect()
    }

    /// Returns the entry with these parts withheld. A withheld part does not show whether it was
    /// erased.
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

    /// Returns the entry with those changes withheld that contain personal data of this kind, or
    /// contained it before it was erased.
    #[must_use]
    pub fn withhold_changes(mut self, kind: PersonalData, rules: &PersonalDataRules) -> Self {
        for change in self.changes.opened.iter_mut().flat_map(|(_, changes)| changes) {
            let is_of_kind = match &change.opened {
                Ok((_, change)) => (rules.kind_of_field)(&change.field) == Some(kind),
                Err(reason) => *reason == HiddenReason::Erased(kind),
            };
            if is_of_kind {
                change.withhold();
            }
        }
        self
    }

    /// Returns the commitments of the four parts.
    fn part_commitments(&self) -> [Digest; 4] {
        [self.facts.commitment, self.subject.commitment, self.reason.commitment, self.changes.commitment]
    }

    /// Returns the parts that are withheld. `Changes` is among them if at least one change is
    /// withheld.
    pub fn withheld(&self) -> impl Iterator<Item = Part> {
        self.parts_hidden_as(|reason| reason == HiddenReason::Withheld)
    }

    /// Returns the parts that are erased. `Changes` is among them if at least one change is erased.
    pub fn erased(&self) -> impl Iterator<Item = Part> {
        self.parts_hidden_as(|reason| reason != HiddenReason::Withheld)
    }

    /// Returns the kind of personal data of each erased part and change. A kind can occur more than
    /// once.
    pub fn erased_kinds(&self) -> impl Iterator<Item = PersonalData> {
        let parts = [self.subject.erased_kind(), self.reason.erased_kind()];
        parts.into_iter().chain(self.each_change().map(SealedPart::erased_kind)).flatten()
    }

    /// Returns the parts that are hidden for a reason that `is_match` accepts. `Changes` is among
    /// them if at least one change is.
    fn parts_hidden_as(&self, is_match: fn(HiddenReason) -> bool) -> impl Iterator<Item = Part> {
        let changes =
            self.changes.is_hidden_as(is_match) || self.each_change().any(|change| change.is_hidden_as(is_match));
        let parts = [
            (Part::Facts, self.facts.is_hidden_as(is_match)),
            (Part::Subject, self.subject.is_hidden_as(is_match)),
            (Part::Reason, self.reason.is_hidden_as(is_match)),
            (Part::Changes, changes),
        ];
        parts.into_iter().filter_map(|(part, is_hidden)| is_hidden.then_some(part))
    }

    /// Returns the changes, or nothing if the part `Changes` is hidden as a whole.
    pub fn each_change(&self) -> impl Iterator<Item = &SealedPart<FieldChange>> {
        self.changes.opened.iter().flat_map(|(_, changes)| changes)
    }
}

impl<T> SealedPart<T> {
    /// Removes the content and its salt from the part.
    fn withhold(&mut self) {
        self.opened = Err(HiddenReason::Withheld);
    }

    /// Returns the kind of personal data that was erased, or `None` if the content was not erased.
    fn erased_kind(&self) -> Option<PersonalData> {
        match &self.opened {
            Err(HiddenReason::Erased(kind)) => Some(*kind),
            Err(HiddenReason::Withheld) | Ok(_) => None,
        }
    }

    /// Returns whether the content is hidden for a reason that `is_match` accepts.
    fn is_hidden_as(&self, is_match: fn(HiddenReason) -> bool) -> bool {
        self.opened.as_ref().err().is_some_and(|reason| is_match(*reason))
    }
}
