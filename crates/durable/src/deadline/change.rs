//! What a step does to an aggregate's deadlines. Pure.
use std::{borrow::Cow, collections::BTreeMap};

use cpor_types::{Deadline, Timestamp};

/// Where a deadline stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadlineState {
    /// Armed and not yet passed.
    Pending,
    /// It passed and took effect.
    Fired,
    /// What it waited for came in time.
    Cancelled,
}

impl DeadlineState {
    /// As it is stored.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Fired => "fired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What became of the deadlines of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeadlineChange {
    /// The one armed last.
    pub(crate) deadline: Deadline,
    /// Where it stands.
    pub(crate) state: DeadlineState,
    /// How many were armed.
    pub(crate) armed: u64,
}

impl DeadlineChange {
    /// Whether it is to be waited for.
    pub(crate) fn is_pending(&self) -> bool {
        self.state == DeadlineState::Pending
    }
}

/// The changes of one aggregate's deadlines in a transaction, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeadlineChanges(BTreeMap<Cow<'static, str>, DeadlineChange>);

impl DeadlineChanges {
    /// Notes a step from a state with deadlines `before` to one with `after`; `fired` is the due time of the deadline
    /// that caused the step.
    pub(crate) fn note(&mut self, before: Vec<Deadline>, after: Vec<Deadline>, fired: Option<Timestamp>) {
        let before = earliest_by_kind(before);
        let mut after = earliest_by_kind(after);
        for (kind, old) in before {
            match after.remove(&kind) {
                Some(new) if new == old => {}
                Some(new) => self.arm(new),
                None => self.close(old, fired),
            }
        }
        after.into_values().for_each(|new| self.arm(new));
    }

    fn arm(&mut self, deadline: Deadline) {
        let armed = 1 + self.0.get(&deadline.kind).map_or(0, |change| change.armed);
        let change = DeadlineChange { deadline, state: DeadlineState::Pending, armed };
        self.0.insert(change.deadline.kind.clone(), change);
    }

    fn close(&mut self, deadline: Deadline, fired: Option<Timestamp>) {
        let armed = self.0.get(&deadline.kind).map_or(0, |change| change.armed);
        let state = if fired == Some(deadline.due) { DeadlineState::Fired } else { DeadlineState::Cancelled };
        self.0.insert(deadline.kind.clone(), DeadlineChange { deadline, state, armed });
    }

    /// The changes, by kind.
    pub(crate) fn into_changes(self) -> impl Iterator<Item = DeadlineChange> {
        self.0.into_values()
    }
}

/// An index row stands for all of a kind: the earliest. When it is gone, the next one changes places with it.
fn earliest_by_kind(deadlines: Vec<Deadline>) -> BTreeMap<Cow<'static, str>, Deadline> {
    let mut earliest = BTreeMap::<_, Deadline>::new();
    for deadline in deadlines {
        match earliest.get(&deadline.kind) {
            Some(other) if other.due <= deadline.due => {}
            Some(_) | None => {
                earliest.insert(deadline.kind.clone(), deadline);
            }
        }
    }
    earliest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64, kind: &'static str) -> Deadline {
        let due = Timestamp::from_timestamp(second, 0).unwrap();
        Deadline { due, kind: kind.into(), rule: "1 second".to_owned() }
    }

    fn noted(steps: &[(&[Deadline], &[Deadline], Option<i64>)]) -> Vec<(Deadline, DeadlineState, u64)> {
        let mut changes = DeadlineChanges::default();
        for (before, after, fired) in steps {
            let fired = fired.map(|second| Timestamp::from_timestamp(second, 0).unwrap());
            changes.note(before.to_vec(), after.to_vec(), fired);
        }
        changes.into_changes().map(|c| (c.deadline, c.state, c.armed)).collect()
    }

    #[test]
    fn what_stays_is_no_change() {
        assert_eq!(noted(&[(&[at(1, "a")], &[at(1, "a")], None)]), []);
    }

    #[test]
    fn a_new_one_is_armed_and_a_moved_one_armed_again() {
        let steps: &[(&[Deadline], &[Deadline], _)] =
            &[(&[], &[at(1, "a")], None), (&[at(1, "a")], &[at(2, "a")], None)];
        assert_eq!(noted(steps), [(at(2, "a"), DeadlineState::Pending, 2)]);
    }

    #[test]
    fn the_one_that_caused_the_step_fired_and_the_other_was_cancelled() {
        let steps: &[(&[Deadline], &[Deadline], _)] = &[(&[at(1, "a"), at(2, "b")], &[], Some(1))];
        assert_eq!(noted(steps), [(at(1, "a"), DeadlineState::Fired, 0), (at(2, "b"), DeadlineState::Cancelled, 0)]);
    }

    #[test]
    fn of_one_kind_the_earliest_stands_for_all() {
        let steps: &[(&[Deadline], &[Deadline], _)] =
            &[(&[], &[at(5, "a"), at(3, "a")], None), (&[at(5, "a"), at(3, "a")], &[at(5, "a")], Some(3))];
        assert_eq!(noted(steps), [(at(5, "a"), DeadlineState::Pending, 2)]);
    }
}
