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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn r47_earlier_than_due_is_in_time() {
        let due: Timestamp = "2026-03-10T07:00:00Z".parse().unwrap();
        let deadline = Deadline { due, kind: "partner_response".into(), rule: "5 business days".to_owned() };
        assert!(!deadline.has_passed(due - TimeDelta::microseconds(1)));
        assert!(deadline.has_passed(due));
        let json = serde_json::to_string(&deadline).unwrap();
        assert_eq!(serde_json::from_str::<Deadline>(&json).unwrap(), deadline);
    }
}
