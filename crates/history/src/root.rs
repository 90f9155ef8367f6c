//! The daily roots of all histories (R56). A root is a signed hash of the previous root and of the
//! last history entry of each claim that has changed since then. Roots that are kept outside of the
//! database show when somebody cuts off the end of a history or deletes a whole claim, which the
//! chain of one history cannot show.
//!
//! ```text
//! root(n) = H("root", root(n - 1), n, day, the leaves)
//! leaf    = claim, position, link, position in the log of the partner
//! ```
//!
//! The log of a partner numbers the history entries of all claims of that partner.
//!
//! A root is written as JSON lines: one line with the [`SignedRoot`], then one line for each
//! [`Leaf`]. The lines of several roots can be joined to one text.
use crate::{Digest, seal::FieldHasher};
use cpor_types::ClaimName;
use serde::{Deserialize, Serialize};

/// The content of a root that is signed. The signature also protects the leaves, because `root` is
/// computed from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootStatement {
    /// The number of the root: from 1, without gaps.
    pub number: u64,
    /// The last day (UTC) whose entries the root covers, such as `2026-03-06`.
    pub day: String,
    /// The number of leaves, one for each claim that has changed since the previous root.
    pub leaves: u64,
    /// The hash of the previous root; zeros for the first root.
    pub previous: Digest,
    /// The hash of this root.
    pub root: Digest,
    /// The time at which the root was issued, in RFC 3339.
    pub issue_time: String,
}

/// The last entry of a claim's history at the time of a root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// The resource name of the claim.
    pub claim: ClaimName,
    /// The position of the entry in the claim's history.
    pub position: i64,
    /// The link of the entry: the hash of the claim's history up to this entry.
    pub link: Digest,
    /// The position of the entry in the log of all entries of the partner's claims.
    pub log_position: i64,
}

/// A root with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRoot {
    /// The signed content.
    pub root: RootStatement,
    /// The signature, a compact JWS (RFC 7515) that contains the content again.
    pub signature: String,
}

/// A line of a file with roots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RootLine {
    /// The beginning of a root. Its leaves follow.
    Root(SignedRoot),
    /// A leaf of the root before it.
    Leaf(Leaf),
}

/// Computes the hash of a root from its leaves, one after the other.
pub struct RootHasher(FieldHasher);

impl RootHasher {
    /// Starts the root with this number and day. `previous` is the hash of the previous root.
    #[must_use]
    pub fn new(previous: Digest, number: u64, day: &str) -> Self {
        Self(FieldHasher::new("root").digest(previous).bytes(&number.to_be_bytes()).text(day))
    }

    /// Adds a leaf. The leaves are ordered by partner and claim, as the database orders them.
    #[must_use]
    pub fn with_leaf(self, leaf: &Leaf) -> Self {
        let Leaf { claim, position, link, log_position } = leaf;
        Self(self.0.text(&claim.to_string()).number(*position).digest(*link).number(*log_position))
    }

    /// Returns the hash of the root.
    #[must_use]
    pub fn finish(self) -> Digest {
        self.0.finish()
    }
}
