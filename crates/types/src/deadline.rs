//! Deadlines. A deadline belongs to an aggregate, such as a claim or a review case, which changes
//! by itself when the deadline has passed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A due time at which something happens by itself, unless somebody acts before (R45, R46). It is
/// measured by the business clock, which can be virtual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// The kind of deadline. An aggregate has at most one pending deadline of each kind.
    pub kind: Cow<'static, str>,
    /// The due time. At this time the deadline has passed; an earlier action is in time (R47).
    pub due: Timestamp,
    /// A text for users that says how the due time was computed, for example `5 business days,
    /// calendar de 2026, tzdata 2025b`.
    pub rule: String,
}

impl Deadline {
    /// Returns whether the deadline has passed at the time `now`.
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
