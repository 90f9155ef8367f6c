//! Deadlines, as aggregates carry them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A point in business time at which something happens if nobody acts before (R45, R46).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// What kind; an aggregate has at most one pending deadline of a kind.
    pub kind: Cow<'static, str>,
    /// When it passes. Earlier is in time; at this time it has passed (R47).
    pub due: Timestamp,
    /// What it was computed from, for people: `5 business days, calendar de 2026.1`.
    pub rule: String,
}

impl Deadline {
    /// Whether it has passed at this time.
    #[must_use]
    pub fn has_passed(&self, now: Timestamp) -> bool {
        self.due <= now
    }
}
