//! Time that the partner has, and the reminder before it runs out (R48).
use cpor_types::{Calendar, Deadline, Length, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Time that the partner has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// When it is over.
    pub deadline: Deadline,
    /// When the partner is reminded; `None` once it is, and where the window is no longer than that.
    pub remind: Option<Timestamp>,
}

impl Window {
    /// From `start` to `deadline`, with a reminder as long before its end as `before` says.
    #[must_use]
    pub fn new(deadline: Deadline, start: Timestamp, before: Length, calendar: &Calendar) -> Self {
        let remind = calendar.reminder(deadline.due, before);
        Self { deadline, remind: (remind > start).then_some(remind) }
    }

    /// What is ahead: the end, and the reminder under its own kind.
    pub(super) fn deadlines(&self, reminder_kind: &'static str) -> Vec<Deadline> {
        let reminder_at = |due| Deadline { due, kind: Cow::Borrowed(reminder_kind), rule: self.deadline.rule.clone() };
        self.remind.map(reminder_at).into_iter().chain([self.deadline.clone()]).collect()
    }

    /// Where the reminder was due by `now`: when, and the window after it.
    pub(super) fn take_reminder(&self, now: Timestamp) -> Option<(Timestamp, Self)> {
        let due = self.remind.filter(|due| *due <= now)?;
        Some((due, Self { remind: None, ..self.clone() }))
    }
}
