//! Documents and comments, as the claim holds them.
use super::EvidenceKind;
use cpor_types::{ActorSide, CommentId, EvidenceId, LineId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// A stored document (R14). Its bytes lie in the object store under its id and never change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its id, and its key in the object store.
    pub id: EvidenceId,
    /// The file's name as the partner gave it; says nothing about the kind.
    pub file_name: String,
    /// What it is, by content.
    pub kind: EvidenceKind,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// When it was stored.
    pub create_time: Timestamp,
    /// When the customer signed it, as the partner declares.
    pub signature_time: Option<Timestamp>,
    /// The request that it came with, where that had an id: a repeat is answered with this document, whatever else has the same name and
    /// bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Uuid>,
}

impl fmt::Display for Evidence {
    /// `proof.pdf (pdf, 12345 bytes, sha256 0a1b…)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file_name, kind, size_bytes, sha256, .. } = self;
        write!(f, "{file_name} ({kind}, {size_bytes} bytes, sha256 {sha256})")
    }
}

/// A comment (R55).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// On whose side the author is.
    pub side: ActorSide,
    /// The text.
    pub text: String,
    /// When it was written.
    pub time: Timestamp,
    /// The document that it is about, if it is about one.
    pub evidence: Option<EvidenceId>,
    /// The line that it is about, if it is about one.
    pub line: Option<LineId>,
}
