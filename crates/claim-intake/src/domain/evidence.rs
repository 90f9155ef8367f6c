//! The documents and comments of a claim.
pub use cpor_types::EvidenceKind;
use cpor_types::{ActorSide, CommentId, EvidenceId, LineId, Personal, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// A stored document (R14). Its bytes are in the object store under its id and never change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The id of the document, which is also its key in the object store.
    pub id: EvidenceId,
    /// The name of the file as the partner gave it. The name does not determine the kind.
    pub file_name: String,
    /// The kind of the document, determined by its content.
    pub kind: EvidenceKind,
    /// The size of the document in bytes.
    pub size_bytes: u64,
    /// The SHA-256 hash of the document's bytes, in lower-case hex.
    pub sha256: String,
    /// When the document was stored.
    pub create_time: Timestamp,
    /// When the customer signed the document, as declared by the partner.
    pub signature_time: Option<Timestamp>,
    /// The request id of the upload, if the caller gave one. A repeated request with this id
    /// returns this document, even if other documents have the same name and bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Uuid>,
}

impl fmt::Display for Evidence {
    /// Writes `proof.pdf (pdf, 12345 bytes, sha256 0a1b…)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file_name, kind, size_bytes, sha256, .. } = self;
        write!(f, "{file_name} ({kind}, {size_bytes} bytes, sha256 {sha256})")
    }
}

/// A comment on a claim (R55).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The id of the comment.
    pub id: CommentId,
    /// The side of the author.
    pub side: ActorSide,
    /// The text of the comment.
    pub text: Personal,
    /// When the comment was written.
    pub time: Timestamp,
    /// The document that the comment is about, if any.
    pub evidence: Option<EvidenceId>,
    /// The line (the claimed workload or subscription) that the comment is about, if any.
    pub line: Option<LineId>,
}
