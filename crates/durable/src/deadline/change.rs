//! The changes that the steps of a transaction (commands and passed deadlines) make to an
//! aggregate's deadlines. The code is pure. An *aggregate* is a unit that is loaded, decided and
//! saved as a whole, such as a claim.
use std::{borrow::Cow, collections::BTreeMap};

use cpor_types::{Deadline, Timestamp};
use sea_orm::{DeriveActiveEnum, EnumIter};

/// The state of a deadline. A deadline that is set again becomes pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum DeadlineState {
    /// The deadline has not passed.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// The deadline passed and took effect.
    #[sea_orm(string_value = "fired")]
    Fired,
    /// The aggregate removed the deadline before it passed.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

/// The change of an aggregate's deadline of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeadlineChange {
    /// The deadline that was set last.
    pub(crate) deadline: Deadline,
    /// The state of that deadline after the change.
    pub(crate) state: DeadlineState,
    /// The number of times that a deadline of this kind was set in the transaction. It is added to
    /// the stored `generation`, which counts them in all.
    pub(crate) times_set: u64,
}

impl DeadlineChange {
    /// Returns whether the deadline is pending after the change.
    pub(crate) fn is_pending(&self) -> bool {
        self.state == DeadlineState::Pending
    }
}

/// The changes of one aggregate's deadlines in a transaction, by the kind of deadline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeadlineChanges(BTreeMap<Cow<'static, str>, DeadlineChange>);

impl DeadlineChanges {
    /// Records a step from a state with the deadlines `before` to a state with the deadlines
    /// `after`. `fired_due_time` is the due time of the deadline that caused the step, if a
    /// deadline caused it.
    pub(crate) fn record_step(
        &mut self,
        before: Vec<Deadline>,
        after: Vec<Deadline>,
        fired_due_time: Option<Timestamp>,
    ) {
        let before = earliest_by_kind(before);
        let mut after = earliest_by_kind(after);
        for (kind, old) in before {
            match after.remove(&kind) {
                Some(new) if new == old => {}
                Some(new) => self.set(new),
                None => self.end(old, fired_due_time),
            }
        }
        after.into_values().for_each(|new| self.set(new));
    }

    /// Records that the aggregate set this deadline.
    fn set(&mut self, deadline: Deadline) {
        let times_set = 1 + self.0.get(&deadline.kind).map_or(0, |change| change.times_set);
        let change = DeadlineChange { deadline, state: DeadlineState::Pending, times_set };
        self.0.insert(change.deadline.kind.clone(), change);
    }

    /// Records that the aggregate no longer has this deadline. It has passed if its due time is
    /// `fired_due_time`, and was cancelled otherwise.
    fn end(&mut self, deadline: Deadline, fired_due_time: Option<Timestamp>) {
        let times_set = self.0.get(&deadline.kind).map_or(0, |change| change.times_set);
        let state = if fired_due_time == Some(deadline.due) { DeadlineState::Fired } else { DeadlineState::Cancelled };
        self.0.insert(deadline.kind.clone(), DeadlineChange { deadline, state, times_set });
    }

    /// Returns the changes, one for each kind of deadline that changed.
    pub(crate) fn into_changes(self) -> impl Iterator<Item = DeadlineChange> {
        self.0.into_values()
    }
}

/// Returns the earliest deadline of each kind. The database has one row for each kind. When the
/// deadline in the row has passed or is cancelled, the next deadline of the kind replaces it.
fn earliest_by_kind(deadlines: Vec<Deadline>) -> BTreeMap<Cow<'static, str>, Deadline> {
    let mut earliest = BTreeMap::<_, Deadline>::new();
    for deadline in deadlines {
        match earliest.get(&deadline.kind) {
            Some(known) if known.due <= deadline.due => {}
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

    fn deadline(second: i64, kind: &'static str) -> Deadline {
        let due = Timestamp::from_timestamp(second, 0).unwrap();
        Deadline { due, kind: kind.into(), rule: "1 second".to_owned() }
    }

    fn changes_after(steps: &[(&[Deadline], &[Deadline], Option<i64>)]) -> Vec<(Deadline, DeadlineState, u64)> {
        let mut changes = DeadlineChanges::default();
        for (before, after, fired) in steps {
            let fired = fired.map(|second| Timestamp::from_timestamp(second, 0).unwrap());
            changes.record_step(before.to_vec(), after.to_vec(), fired);
        }
        changes.into_changes().map(|change| (change.deadline, change.state, change.times_set)).collect()
    }

    #[test]
    fn an_unchanged_deadline_is_not_recorded() {
        assert_eq!(changes_after(&[(&[deadline(1, "a")], &[deadline(1, "a")], None)]), []);
    }

    #[test]
    fn a_moved_deadline_is_set_again() {
        let steps: &[(&[Deadline], &[Deadline], _)] =
            &[(&[], &[deadline(1, "a")], None), (&[deadline(1, "a")], &[deadline(2, "a")], None)];
        assert_eq!(changes_after(steps), [(deadline(2, "a"), DeadlineState::Pending, 2)]);
    }

    #[test]
    fn the_deadline_that_caused_the_step_fired() {
        let steps: &[(&[Deadline], &[Deadline], _)] = &[(&[deadline(1, "a"), deadline(2, "b")], &[], Some(1))];
        assert_eq!(
            changes_after(steps),
            [(deadline(1, "a"), DeadlineState::Fired, 0), (deadline(2, "b"), DeadlineState::Cancelled, 0)]
        );
    }

    #[test]
    fn the_earliest_deadline_of_a_kind_is_stored() {
        let steps: &[(&[Deadline], &[Deadline], _)] = &[
            (&[], &[deadline(5, "a"), deadline(3, "a")], None),
            (&[deadline(5, "a"), deadline(3, "a")], &[deadline(5, "a")], Some(3)),
        ];
        assert_eq!(changes_after(steps), [(deadline(5, "a"), DeadlineState::Pending, 2)]);
    }
}
