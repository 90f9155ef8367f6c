//! What the durable runtime needs of a case: its deadlines, and what becomes of it when one passes (R45, R48).
use super::{CaseEvent, ClockKind, ReviewCase};
use cpor_durable::{Aggregate, Elapsed, Transition};
use cpor_types::{Deadline, Timestamp};

impl Aggregate for ReviewCase {
    type Event = CaseEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        let all = self.clocks.reminders().into_iter().chain(self.clocks.running());
        all.map(|(_, deadline)| deadline).collect()
    }

    /// The earliest reminder or clock that is due has its effect, once: somebody is told, or the case is overdue. Its state
    /// stays.
    fn elapse(&self, now: Timestamp) -> Option<Elapsed<Self>> {
        let earliest = |deadlines: Vec<(ClockKind, Deadline)>| {
            let due = deadlines.into_iter().filter(|(_, deadline)| deadline.has_passed(now));
            due.map(|(clock, deadline)| (deadline.due, clock)).min_by_key(|(due, _)| *due)
        };
        let (reminder, passed) = (earliest(self.clocks.reminders()), earliest(self.clocks.running()));
        let (due, clocks, event) = match (reminder, passed) {
            (Some((due, clock)), passed) if passed.is_none_or(|(passed, _)| due <= passed) => {
                (due, self.clocks.clone().reminding(clock), CaseEvent::Reminded { clock })
            }
            (_, Some((due, clock))) => (due, self.clocks.clone().passing(clock), CaseEvent::Overdue { clock }),
            (_, None) => return None,
        };
        let next = Self { clocks, update_time: now.max(self.update_time), ..self.clone() };
        Some(Elapsed { due, transition: Transition::new(next, [event]) })
    }
}
