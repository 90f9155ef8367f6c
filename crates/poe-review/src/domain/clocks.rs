//! The clocks of a review (R45). Whether a clock runs depends on the state of the case and on
//! whether the case is contested (R37). A stopped clock keeps the time that it has left.
use super::Phase;
use cpor_types::{Calendar, Deadline, Length, ReviewLengths, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The kind of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Runs from the submission to the start of the review.
    Start,
    /// Runs from the start of the review to the decision.
    Decision,
    /// Runs from the submission to the decision, except while the claim is with the partner.
    Overall,
    /// Runs from the dispute to its decision, except while the claim is with the partner.
    DisputeDecision,
}

impl ClockKind {
    /// All kinds of clocks.
    pub const ALL: [Self; 4] = [Self::Start, Self::Decision, Self::Overall, Self::DisputeDecision];

    /// Returns the stable name that deadlines and events use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "review_start",
            Self::Decision => "review_decision",
            Self::Overall => "overall",
            Self::DisputeDecision => "dispute_decision",
        }
    }

    /// Returns the stable name of the reminder deadline that precedes this clock's due time.
    const fn reminder_name(self) -> &'static str {
        match self {
            Self::Start => "remind_review_start",
            Self::Decision => "remind_review_decision",
            Self::Overall => "remind_overall",
            Self::DisputeDecision => "remind_dispute_decision",
        }
    }

    /// Whether the clock runs in a phase. All clocks stop while the case waits for the partner, and
    /// while the registry is asked to hold the lines.
    const fn runs_in(self, phase: Phase) -> bool {
        match (self, phase) {
            (Self::Start, Phase::Waiting)
            | (Self::Decision, Phase::UnderReview)
            | (Self::Overall | Self::DisputeDecision, Phase::Waiting | Phase::UnderReview) => true,
            (Self::Start, Phase::UnderReview)
            | (Self::Decision, Phase::Waiting)
            | (
                Self::Start | Self::Decision | Self::Overall | Self::DisputeDecision,
                Phase::PartnerActionRequired | Phase::Approving | Phase::Approved | Phase::Rejected | Phase::Closed,
            ) => false,
        }
    }
}

/// The state of one clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Clock {
    /// The clock has not started, or has stopped.
    #[serde(rename = "still")]
    Stopped {
        /// The time that is left.
        #[serde(rename = "left")]
        remaining: Length,
    },
    /// The clock runs.
    Running {
        /// The due time: the time at which the clock passes.
        due: Timestamp,
        /// A description of the calendar and length from which the due time was computed.
        rule: String,
        /// The time at which the reviewer is reminded (R48). `None` after the reminder, and if the
        /// clock was started later than that.
        #[serde(rename = "remind")]
        reminder_time: Option<Timestamp>,
    },
    /// The clock has passed, and the case is overdue. A passed clock never runs again.
    Passed {
        /// The time at which the clock passed.
        due: Timestamp,
        /// A description of the calendar and length from which the due time was computed.
        rule: String,
    },
    /// The case was approved, rejected or closed before the clock passed.
    Cancelled,
}

impl Clock {
    /// Returns the due time of a running or passed clock.
    #[must_use]
    pub const fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Running { due, .. } | Self::Passed { due, .. } => Some(*due),
            Self::Stopped { .. } | Self::Cancelled => None,
        }
    }

    fn run(self, remind_before: Length, now: Timestamp, calendar: &Calendar) -> Self {
        match self {
            Self::Stopped { remaining } => {
                let (due, rule) = (calendar.due(now, remaining), calendar.rule(remaining));
                let reminder_time = Some(calendar.reminder(due, remind_before)).filter(|time| *time > now);
                Self::Running { due, rule, reminder_time }
            }
            Self::Running { .. } | Self::Passed { .. } | Self::Cancelled => self,
        }
    }

    fn stop(self, now: Timestamp, calendar: &Calendar) -> Self {
        match self {
            Self::Running { due, .. } => {
                Self::Stopped { remaining: Length::BusinessDays(calendar.business_days_left(now, due)) }
            }
            Self::Stopped { .. } | Self::Passed { .. } | Self::Cancelled => self,
        }
    }

    fn cancel(self) -> Self {
        match self {
            Self::Stopped { .. } | Self::Running { .. } => Self::Cancelled,
            Self::Passed { .. } | Self::Cancelled => self,
        }
    }

    fn pass(self) -> Self {
        match self {
            Self::Running { due, rule, reminder_time: _ } => Self::Passed { due, rule },
            Self::Stopped { .. } | Self::Passed { .. } | Self::Cancelled => self,
        }
    }
}

/// The clocks of one case. Its kind and its claim's policy profile determine which clocks it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Clocks(BTreeMap<ClockKind, Clock>);

impl Clocks {
    /// Creates the clocks for the case of a submission, all stopped. The lengths come from the
    /// claim's policy profile (R61).
    #[must_use]
    pub fn for_submission(ReviewLengths { start, decision, overall, dispute_decision: _ }: ReviewLengths) -> Self {
        let always = [(ClockKind::Start, start), (ClockKind::Decision, decision)];
        Self::stopped(always.into_iter().chain(overall.map(|overall| (ClockKind::Overall, overall))))
    }

    /// Creates the clock for the case of a dispute, stopped.
    #[must_use]
    pub fn for_dispute(lengths: ReviewLengths) -> Self {
        Self::stopped([(ClockKind::DisputeDecision, lengths.dispute_decision)])
    }

    fn stopped(lengths: impl IntoIterator<Item = (ClockKind, Length)>) -> Self {
        Self(lengths.into_iter().map(|(kind, remaining)| (kind, Clock::Stopped { remaining })).collect())
    }

    /// Returns the clock of a kind. `None` if the case has no such clock.
    #[must_use]
    pub fn get(&self, kind: ClockKind) -> Option<&Clock> {
        self.0.get(&kind)
    }

    /// Iterates over all clocks of the case.
    pub fn iter(&self) -> impl Iterator<Item = (ClockKind, &Clock)> {
        self.0.iter().map(|(kind, clock)| (*kind, clock))
    }

    /// Whether at least one clock has passed.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.0.values().any(|clock| matches!(clock, Clock::Passed { .. }))
    }

    /// Adapts the clocks to the phase of the case. In an open phase, the clocks that belong to the
    /// phase run on with the time left, and the others stop. All clocks stop while the case is
    /// contested, and are cancelled when the case is no longer open.
    #[must_use]
    pub(super) fn update(
        self,
        phase: Phase,
        is_contested: bool,
        remind_before: Length,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Self {
        self.map(|kind, clock| match (phase.is_open(), kind.runs_in(phase) && !is_contested) {
            (true, true) => clock.run(remind_before, now, calendar),
            (true, false) => clock.stop(now, calendar),
            (false, true | false) => clock.cancel(),
        })
    }

    /// Marks one clock as passed.
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
            Clock::Running { .. } | Clock::Stopped { .. } | Clock::Passed { .. } | Clock::Cancelled => clock,
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
            | Clock::Passed { .. }
            | Clock::Cancelled => None,
        };
        self.iter().filter_map(reminder).collect()
    }

    /// Returns the running clocks, as deadlines.
    #[must_use]
    pub fn running_deadlines(&self) -> Vec<(ClockKind, Deadline)> {
        self.iter().filter_map(|(kind, clock)| Some((kind, running_deadline(kind, clock)?))).collect()
    }

    /// Returns the earliest due time of the clocks that belong to `phase`, including passed clocks.
    /// It determines the position of the case in the queue.
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
        Clock::Stopped { .. } | Clock::Passed { .. } | Clock::Cancelled => None,
    }
}
