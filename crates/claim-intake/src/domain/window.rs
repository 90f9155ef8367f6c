//! A period in which the partner can act, with a reminder before its end (R48).
use cpor_types::{Calendar, Deadline, Length, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A period in which the partner can act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The end of the period.
    pub deadline: Deadline,
    /// When the partner is reminded. `None` after the reminder, and when the period is too short
    /// for one.
    pub reminder_time: Option<Timestamp>,
}

impl Window {
    /// Creates the period from `start` to `deadline`. A reminder is due `reminder_lead` before its
    /// end, unless that is at or before `start`.
    #[must_use]
    pub fn new(deadline: Deadline, start: Timestamp, reminder_lead: Length, calendar: &Calendar) -> Self {
        let reminder_time = calendar.reminder(deadline.due, reminder_lead);
        Self { deadline, reminder_time: (reminder_time > start).then_some(reminder_time) }
    }

    /// Returns the pending deadlines: the reminder, whose kind is `reminder_kind`, and the end of
    /// the period.
    pub(super) fn deadlines(&self, reminder_kind: &'static str) -> Vec<Deadline> {
        let reminder_at = |due| Deadline { due, kind: Cow::Borrowed(reminder_kind), rule: self.deadline.rule.clone() };
        self.reminder_time.map(reminder_at).into_iter().chain([self.deadline.clone()]).collect()
    }

    /// If the reminder is due by `now`, returns its due time and the window without a reminder.
    pub(super) fn take_reminder(&self, now: Timestamp) -> Option<(Timestamp, Self)> {
        let due = self.reminder_time.filter(|due| *due <= now)?;
        Some((due, Self { reminder_time: None, ..self.clone() }))
    }
}
