//! The deadlines of a case: the due times of its clocks (R45) and of its reminders (R48). The
//! writer stores them, and calls `apply_passed_deadline` when one of them has passed.
use super::{CaseEvent, ClockKind, ReviewCase};
use cpor_durable::{Aggregate, PassedDeadline, Transition};
use cpor_types::{Deadline, Timestamp};

impl Aggregate for ReviewCase {
    type Event = CaseEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        let deadlines = self.clocks.reminder_deadlines().into_iter().chain(self.clocks.running_deadlines());
        deadlines.map(|(_, deadline)| deadline).collect()
    }

    /// Applies the earliest deadline that has passed: a reminder is sent, or the case becomes
    /// overdue. The state of the case does not change. If a reminder and a clock have the same due
    /// time, the reminder comes first.
    fn apply_passed_deadline(&self, now: Timestamp) -> Option<PassedDeadline<Self>> {
        let earliest_passed = |deadlines: Vec<(ClockKind, Deadline)>| {
            let passed = deadlines.into_iter().filter(|(_, deadline)| deadline.has_passed(now));
            passed.map(|(clock, deadline)| (deadline.due, clock)).min_by_key(|(due, _)| *due)
        };
        let reminder = earliest_passed(self.clocks.reminder_deadlines());
        let passed_clock = earliest_passed(self.clocks.running_deadlines());
        let (due, clocks, event) = match (reminder, passed_clock) {
            (Some((due, clock)), passed) if passed.is_none_or(|(passed_due, _)| due <= passed_due) => {
                (due, self.clocks.clone().mark_reminded(clock), CaseEvent::Reminded { clock })
            }
            (_, Some((due, clock))) => (due, self.clocks.clone().mark_passed(clock), CaseEvent::Overdue { clock }),
            (_, None) => return None,
        };
        let next = Self { clocks, update_time: now.max(self.update_time), ..self.clone() };
        Some(PassedDeadline { due, transition: Transition::new(next, [event]) })
    }
}
