//! One clock of a review (R45). A clock measures the working time that reviewers have for one stage
//! of a review. It is a deadline that can stop and continue with the time left.
use super::Phase;
use cpor_types::{Calendar, Length, ReviewClock, Timestamp};
use serde::{Deserialize, Serialize};

/// The stage of a review whose working time a clock measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Runs from the submission to the start of the review.
    Start,
    /// Runs from the start of the review to the decision.
    Decision,
    /// Runs from the submission to the decision, except while the case waits for the partner.
    Overall,
    /// Runs from the dispute to its decision, except while the case waits for the partner.
    DisputeDecision,
}

impl From<ClockKind> for ReviewClock {
    fn from(kind: ClockKind) -> Self {
        match kind {
            ClockKind::Start => Self::Start,
            ClockKind::Decision => Self::Decision,
            ClockKind::Overall => Self::Overall,
            ClockKind::DisputeDecision => Self::DisputeDecision,
        }
    }
}

impl ClockKind {
    /// All stages.
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
    pub(super) const fn reminder_name(self) -> &'static str {
        match self {
            Self::Start => "remind_review_start",
            Self::Decision => "remind_review_decision",
            Self::Overall => "remind_overall",
            Self::DisputeDecision => "remind_dispute_decision",
        }
    }

    /// Returns whether the clock runs in a phase. All clocks stop while the case waits for the
    /// partner, and while the registry is asked to reserve the claim's lines (the claimed workloads
    /// or subscriptions).
    pub(super) const fn runs_in(self, phase: Phase) -> bool {
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
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Clock {
    /// The clock has not started, or has stopped.
    Stopped {
        /// The time that is left.
        remaining: Length,
    },
    /// The clock is running, and its deadline has not passed.
    Running {
        /// The time of the deadline.
        due: Timestamp,
        /// A description of the length, calendar and time zone data from which the due time was
        /// computed, for example `5 business days, calendar de 2026, tzdata 2026a`.
        rule: String,
        /// The time at which the reviewer is reminded (R48). `None` after the reminder, and if the
        /// clock was started later than that.
        reminder_time: Option<Timestamp>,
    },
    /// The deadline has passed, so the case is overdue. The clock never runs again.
    Overdue {
        /// The time of the deadline.
        due: Timestamp,
        /// A description of the calendar and length from which the due time was computed.
        rule: String,
    },
    /// The case was approved, rejected or closed before the deadline passed.
    Cancelled,
}

impl Clock {
    /// Returns the due time of a clock that is running, or whose deadline has passed.
    #[must_use]
    pub const fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Running { due, .. } | Self::Overdue { due, .. } => Some(*due),
            Self::Stopped { .. } | Self::Cancelled => None,
        }
    }

    /// Starts a stopped clock. It is due after the time left, counted in `calendar` from `now`.
    pub(super) fn run(self, remind_before: Length, now: Timestamp, calendar: &Calendar) -> Self {
        match self {
            Self::Stopped { remaining } => {
                let (due, rule) = (calendar.due(now, remaining), calendar.rule(remaining));
                let reminder_time = Some(calendar.reminder(due, remind_before)).filter(|time| *time > now);
                Self::Running { due, rule, reminder_time }
            }
            Self::Running { .. } | Self::Overdue { .. } | Self::Cancelled => self,
        }
    }

    /// Stops a running clock and keeps the business days that are left.
    pub(super) fn stop(self, now: Timestamp, calendar: &Calendar) -> Self {
        match self {
            Self::Running { due, .. } => {
                Self::Stopped { remaining: Length::BusinessDays(calendar.business_days_left(now, due)) }
            }
            Self::Stopped { .. } | Self::Overdue { .. } | Self::Cancelled => self,
        }
    }

    /// Cancels the clock if its deadline has not passed.
    pub(super) fn cancel(self) -> Self {
        match self {
            Self::Stopped { .. } | Self::Running { .. } => Self::Cancelled,
            Self::Overdue { .. } | Self::Cancelled => self,
        }
    }

    /// Marks the deadline of a running clock as passed.
    pub(super) fn pass(self) -> Self {
        match self {
            Self::Running { due, rule, reminder_time: _ } => Self::Overdue { due, rule },
            Self::Stopped { .. } | Self::Overdue { .. } | Self::Cancelled => self,
        }
    }
}
