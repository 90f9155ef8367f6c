//! What the durable runtime needs of a case: its deadlines, and what becomes of it when one passes (R45).
use super::{CaseEvent, ClockKind, ReviewCase};
use cpor_durable::{Aggregate, Elapsed, Transition};
use cpor_types::{Deadline, Timestamp};

impl Aggregate for ReviewCase {
    type Event = CaseEvent;

    fn deadlines(&self) -> Vec<Deadline> {
        self.clocks.running().into_iter().map(|(_, deadline)| deadline).collect()
    }

    /// The earliest clock that has passed makes the case overdue, once; its state stays.
    fn elapse(&self, now: Timestamp) -> Option<Elapsed<Self>> {
        let passed = |(_, deadline): &(ClockKind, Deadline)| deadline.has_passed(now);
        let (clock, Deadline { due, .. }) =
            self.clocks.running().into_iter().filter(passed).min_by_key(|(_, deadline)| deadline.due)?;
        let next = Self { clocks: self.clocks.clone().passing(clock), update_time: now, ..self.clone() };
        Some(Elapsed { due, transition: Transition::new(next, [CaseEvent::Overdue { clock }]) })
    }
}
