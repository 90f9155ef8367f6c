//! Computes the hashes of the history's chain: commitments (salted hashes of the parts of an
//! entry), salts, and links (hashes of the chain up to an entry). The hashed fields and their
//! encoding must never change, because receipts that were issued long ago must remain verifiable.
use super::{Digest, EntryFacts, FieldChange, Part, SealedEntry, SealedPart};
use cpor_types::ClaimName;
use sha2::{Digest as _, Sha256};

/// The first field of everything that is hashed. A different hash scheme needs a different value.
const SCHEME: &str = "cpor-history-1";

/// Computes SHA-256 over fields. Each field is preceded by its length (eight bytes, big-endian).
pub(super) struct FieldHasher(Sha256);

impl FieldHasher {
    /// Starts a hash. `kind` keeps hashes of different kinds of content distinct.
    pub(super) fn new(kind: &str) -> Self {
        Self(Sha256::new()).bytes(SCHEME.as_bytes()).bytes(kind.as_bytes())
    }

    /// Adds a field of bytes.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds a field of text.
    pub(super) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Adds a field with a number.
    pub(super) fn number(self, number: i64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Adds a field with a digest.
    pub(super) fn digest(self, digest: Digest) -> Self {
        self.bytes(&digest.0)
    }

    /// Returns the hash of all fields.
    pub(super) fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// Content for which a commitment can be computed.
pub(super) trait Hashable {
    /// Adds the fields of the content to `hasher`.
    fn hash_into(&self, hasher: FieldHasher) -> FieldHasher;
}

impl Hashable for String {
    fn hash_into(&self, hasher: FieldHasher) -> FieldHasher {
        hasher.text(self)
    }
}

impl Hashable for FieldChange {
    fn hash_into(&self, hasher: FieldHasher) -> FieldHasher {
        hasher.text(&self.field).text(&self.from).text(&self.to)
    }
}

impl Hashable for Vec<SealedPart<FieldChange>> {
    fn hash_into(&self, hasher: FieldHasher) -> FieldHasher {
        self.iter().fold(hasher, |hasher, change| hasher.digest(change.commitment))
    }
}

impl Hashable for EntryFacts {
    fn hash_into(&self, hasher: FieldHasher) -> FieldHasher {
        hasher
            .text(&self.action)
            .text(self.side.as_str())
            .number(self.effective_time.timestamp_micros())
            .number(self.record_time.timestamp_micros())
            .text(self.from.map_or("", |state| state.as_str()))
            .text(self.to.as_str())
            .number(self.overtaken.into())
    }
}

/// Creates a part with the commitment to its content. `kind` is the name of the part; for a single
/// change it is `change`.
pub(super) fn seal<T: Hashable>(kind: &str, salt: Digest, content: T) -> SealedPart<T> {
    SealedPart { commitment: commitment(kind, salt, &content), opened: Ok((salt, content)) }
}

/// Returns whether the content of the part matches its commitment. Hidden content always matches.
pub(super) fn matches_commitment<T: Hashable>(kind: &str, part: &SealedPart<T>) -> bool {
    part.opened.as_ref().map_or(true, |(salt, content)| commitment(kind, *salt, content) == part.commitment)
}

/// Computes the commitment to `content`.
fn commitment(kind: &str, salt: Digest, content: &impl Hashable) -> Digest {
    content.hash_into(FieldHasher::new(kind).digest(salt)).finish()
}

/// Returns the salt of a part. `entry_salt` consists of the random bytes of the whole entry.
pub(super) fn part_salt(entry_salt: Digest, part: Part) -> Digest {
    FieldHasher::new("salt").digest(entry_salt).text(part.as_str()).finish()
}

/// Returns the salt of the change with this index. `entry_salt` consists of the random bytes of the
/// whole entry.
pub(super) fn change_salt(entry_salt: Digest, index: usize) -> Digest {
    FieldHasher::new("change salt").digest(entry_salt).bytes(&(index as u64).to_be_bytes()).finish()
}

impl SealedEntry {
    /// Computes the link of this entry. `previous` is the link of the entry before it.
    pub(super) fn link_after(&self, claim: &ClaimName, previous: Digest) -> Digest {
        let hasher = FieldHasher::new("link").text(&claim.to_string()).digest(previous).number(self.position);
        let hasher = hasher.text(self.audience.as_str());
        self.part_commitments().into_iter().fold(hasher, FieldHasher::digest).finish()
    }
}
