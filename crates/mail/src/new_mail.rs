use cpor_types::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// A mail to be sent, before it has any words.
#[derive(Clone, PartialEq)]
pub struct Draft {
    /// The owner part of its key, that of the aggregate it belongs to; at most 63 bytes.
    pub owner: String,
    /// Its id, unique within the owner. A mail that is enqueued twice under one id is sent once.
    pub id: Uuid,
    /// What the composer knows it by, for example `approval`.
    pub kind: &'static str,
    /// The recipient's address; personal data.
    pub recipient: String,
    /// When it was decided, in business time.
    pub time: Timestamp,
    /// What the composer needs to find what it writes about. No secrets: this is stored as it is.
    pub data: Value,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { owner, id, kind, recipient: _, time: _, data: _ } = self;
        f.debug_struct("Draft").field("owner", owner).field("id", id).field("kind", kind).finish_non_exhaustive()
    }
}
