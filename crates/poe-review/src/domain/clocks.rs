//! The clocks of a case (R45): its deadlines, which can stop and continue. Whether a clock runs
//! depends on the state of the case. A case is *contested* while another company claims or holds
//! the same workload or subscription; the policy profile determines whether the clocks stop
//! meanwhile or run (R37).
use super::{Clock, ClockKind, Phase};
use cpor_types::{Calendar, Deadline, Length, ReviewLengths, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The clocks of one case. The kind of the case (submission or dispute) and the claim's policy
/// profile determine which clocks there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Clocks(BTreeMap<ClockKind, Clock>);

impl Clocks {
    /// Creates the clocks for the case of a submission, all stopped. The lengths come from the
    /// claim's policy profile (R61).
    #[must_use]
    pub fn for_submission(ReviewLengths { start, decision, overall, dispute_decision: _ }: ReviewLengths) -> Self {
        let required_clocks = [(ClockKind::Start, start), (ClockKind::Decision, decision)];
        Self::stopped(required_clocks.into_iter().chain(overall.map(|overall| (ClockKind::Overall, overall))))
    }

    /// Creates the clock for the case of a dispute, stopped.
    #[must_use]
    pub fn for_dispute(lengths: ReviewLengths) -> Self {
        Self::stopped([(ClockKind::DisputeDecision, lengths.dispute_decision)])
    }

    fn stopped(lengths: impl IntoIterator<Item = (ClockKind, Length)>) -> Self {
        Self(lengths.into_iter().map(|(kind, remaining)| (kind, Clock::Stopped { remaining })).collect())
    }

    /// Returns the clock of a kind, or `None` if the case has no such clock.
    #[must_use]
    pub fn get(&self, kind: ClockKind) -> Option<&Clock> {
        self.0.get(&kind)
    }

    /// Iterates over all clocks of the case.
    pub fn iter(&self) -> impl Iterator<Item = (ClockKind, &Clock)> {
        self.0.iter().map(|(kind, clock)| (*kind, clock))
    }

    /// Returns whether the deadline of at least one clock has passed.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.0.values().any(|clock| matches!(clock, Clock::Overdue { .. }))
    }

    /// Adapts the clocks to the phase of the case. In an open phase, the clocks that belong to the
    /// phase continue with the time left, and the others stop; if `is_stopped` is true (the case is
    /// contested, R37), all of them stop. In a phase that is not open, all clocks are cancelled.
    #[must_use]
    pub(super) fn update(
        self,
        phase: Phase,
        is_stopped: bool,
        remind_before: Length,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Self {
        self.map(|kind, clock| match (phase.is_open(), kind.runs_in(phase) && !is_stopped) {
            (true, true) => clock.run(remind_before, now, calendar),
            (true, false) => clock.stop(now, calendar),
            (false, true | false) => clock.cancel(),
        })
    }

    /// Marks the deadline of one clock as passed.
    #[must_use]
    pub(super) fn mark_passed(self, passed: ClockKind) -> Self {
        self.map(|kind, clock| if kind == passed { clock.pass() } else { clock })
    }

    /// Removes the reminder of one clock, because the reviewer has been reminded.
    #[must_use]
    pub(super) fn mark_reminded(self, reminded: ClockKind) -> Self {
        self.map(|kind, clock| match clock {
            Clock::Running { due, rule, reminder_time: _ } if kind == reminded => {
                Clock::Running { due, rule, reminder_time: None }
            }
            Clock::Running { .. } | Clock::Stopped { .. } | Clock::Overdue { .. } | Clock::Cancelled => clock,
        })
    }

    /// Returns the reminders of the running clocks, as deadlines.
    #[must_use]
    pub fn reminder_deadlines(&self) -> Vec<(ClockKind, Deadline)> {
        let reminder = |(kind, clock): (ClockKind, &Clock)| match clock {
            Clock::Running { reminder_time: Some(due), rule, .. } => {
                Some((kind, Deadline { due: *due, kind: kind.reminder_name().into(), rule: rule.clone() }))
            }
            Clock::Running { reminder_time: None, .. }
            | Clock::Stopped { .. }
            | Clock::Overdue { .. }
            | Clock::Cancelled => None,
        };
        self.iter().filter_map(reminder).collect()
    }

    /// Returns the due times of the running clocks, as deadlines.
    #[must_use]
    pub fn running_deadlines(&self) -> Vec<(ClockKind, Deadline)> {
        self.iter().filter_map(|(kind, clock)| Some((kind, running_deadline(kind, clock)?))).collect()
    }

    /// Returns the earliest due time of the clocks that belong to `phase`, including due times that
    /// have passed. `None` if none of these clocks is running or overdue, for example because they
    /// are stopped. It determines the position of the case in the queue.
    #[must_use]
    pub fn earliest_due(&self, phase: Phase) -> Option<Timestamp> {
        self.iter().filter(|(kind, _)| kind.runs_in(phase)).filter_map(|(_, clock)| clock.due()).min()
    }

    fn map(self, change: impl Fn(ClockKind, Clock) -> Clock) -> Self {
        Self(self.0.into_iter().map(|(kind, clock)| (kind, change(kind, clock))).collect())
    }
}

fn running_deadline(kind: ClockKind, clock: &Clock) -> Option<Deadline> {
    match clock {
        Clock::Running { due, rule, reminder_time: _ } => {
            Some(Deadline { due: *due, kind: kind.as_str().into(), rule: rule.clone() })
        }
        Clock::Stopped { .. } | Clock::Overdue { .. } | Clock::Cancelled => None,
    }
}
