//! The mail that a service passes to [`enqueue`](crate::enqueue).

use cpor_types::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// A mail that is to be queued. It has no content yet; the content is rendered when the mail is
/// sent.
#[derive(Clone, PartialEq)]
pub struct NewMail {
    /// The partner or tenant that owns the claim or case that the mail is about. It is the first
    /// part of the row's primary key and has at most 63 bytes.
    pub owner: String,
    /// The id of the mail, unique within the owner. If a mail is enqueued twice with the same id,
    /// it is sent once.
    pub id: Uuid,
    /// The kind of mail, for example `approval`, by which the renderer chooses the texts.
    pub kind: &'static str,
    /// The recipient's e-mail address (personal data).
    pub recipient: String,
    /// The time of the decision to send the mail, by the business clock (which deadlines use and
    /// which can be virtual).
    pub time: Timestamp,
    /// The data from which the renderer finds what the mail is about, for example the id of the
    /// claim. It is stored in clear text and must not contain secrets.
    pub data: Value,
}

impl std::fmt::Debug for NewMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { owner, id, kind, recipient: _, time: _, data: _ } = self;
        f.debug_struct("NewMail").field("owner", owner).field("id", id).field("kind", kind).finish_non_exhaustive()
    }
}
