//! The three clocks of a review (R45). Which of them run depends on the state alone; the rest stand still, with what
//! is left.
use super::Phase;
use cpor_types::{Calendar, Deadline, Length, ReviewLengths, Timestamp};
use serde::{Deserialize, Serialize};

/// Which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Until the start of the review.
    Start,
    /// From the start to the decision.
    Decision,
    /// From submission, less the time with the partner.
    Overall,
}

impl ClockKind {
    /// Every clock.
    pub const ALL: [Self; 3] = [Self::Start, Self::Decision, Self::Overall];

    /// The word that deadlines and events carry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "review_start",
            Self::Decision => "review_decision",
            Self::Overall => "overall",
        }
    }

    /// Whether the clock runs in a state. With the partner, and while lines are being held, all stand still.
    const fn runs_in(self, phase: Phase) -> bool {
        match (self, phase) {
            (Self::Start, Phase::Waiting)
            | (Self::Decision, Phase::UnderReview)
            | (Self::Overall, Phase::Waiting | Phase::UnderReview) => true,
            (Self::Start, Phase::UnderReview)
            | (Self::Decision, Phase::Waiting)
            | (
                Self::Start | Self::Decision | Self::Overall,
                Phase::PartnerActionRequired | Phase::Approving | Phase::Approved | Phase::Rejected | Phase::Closed,
            ) => false,
        }
    }
}

/// One clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Clock {
    /// Stands still: not begun, or stopped.
    Still {
        /// What is left of it.
        left: Length,
    },
    /// Runs.
    Running {
        /// When it passes.
        due: Timestamp,
        /// What that was computed from.
        rule: String,
    },
    /// Has passed, once and for all: the case is overdue.
    Passed {
        /// When.
        due: Timestamp,
        /// What that was computed from.
        rule: String,
    },
    /// The case was decided or closed before.
    Cancelled,
}

impl Clock {
    fn run(self, now: Timestamp, calendar: &Calendar) -> Self {
        match self {
            Self::Still { left } => {
                let (due, rule) = (calendar.due(now, left), calendar.rule(left));
                Self::Running { due, rule }
            }
            Self::Running { .. } | Self::Passed { .. } | Self::Cancelled => self,
        }
    }

    fn stop(self, now: Timestamp, calendar: &Calendar) -> Self {
        match self {
            Self::Running { due, .. } => {
                Self::Still { left: Length::BusinessDays(calendar.business_days_left(now, due)) }
            }
            Self::Still { .. } | Self::Passed { .. } | Self::Cancelled => self,
        }
    }

    fn cancel(self) -> Self {
        match self {
            Self::Still { .. } | Self::Running { .. } => Self::Cancelled,
            Self::Passed { .. } | Self::Cancelled => self,
        }
    }

    fn pass(self) -> Self {
        match self {
            Self::Running { due, rule } => Self::Passed { due, rule },
            Self::Still { .. } | Self::Passed { .. } | Self::Cancelled => self,
        }
    }
}

/// The clocks of one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks {
    start: Clock,
    decision: Clock,
    overall: Clock,
}

impl Clocks {
    /// The clocks of a new case, none of them running, of the lengths that the claim's profile says (R61).
    #[must_use]
    pub const fn new(ReviewLengths { start, decision, overall, dispute_decision: _ }: ReviewLengths) -> Self {
        Self {
            start: Clock::Still { left: start },
            decision: Clock::Still { left: decision },
            overall: Clock::Still { left: overall },
        }
    }

    /// One of them.
    #[must_use]
    pub const fn get(&self, kind: ClockKind) -> &Clock {
        match kind {
            ClockKind::Start => &self.start,
            ClockKind::Decision => &self.decision,
            ClockKind::Overall => &self.overall,
        }
    }

    /// The clocks as they are once the case enters `phase`: some run on with what was left, the others stop;
    /// a case that is over cancels them all.
    #[must_use]
    pub(super) fn entering(self, phase: Phase, now: Timestamp, calendar: &Calendar) -> Self {
        self.map(|kind, clock| match (phase.is_open(), kind.runs_in(phase)) {
            (true, true) => clock.run(now, calendar),
            (true, false) => clock.stop(now, calendar),
            (false, true | false) => clock.cancel(),
        })
    }

    /// The clocks after one of them has passed.
    #[must_use]
    pub(super) fn passing(self, passed: ClockKind) -> Self {
        self.map(|kind, clock| if kind == passed { clock.pass() } else { clock })
    }

    /// Those that run, as deadlines.
    #[must_use]
    pub fn running(&self) -> Vec<(ClockKind, Deadline)> {
        ClockKind::ALL.into_iter().filter_map(|kind| Some((kind, self.deadline(kind)?))).collect()
    }

    fn deadline(&self, kind: ClockKind) -> Option<Deadline> {
        match self.get(kind) {
            Clock::Running { due, rule } => {
                Some(Deadline { due: *due, kind: kind.as_str().into(), rule: rule.clone() })
            }
            Clock::Still { .. } | Clock::Passed { .. } | Clock::Cancelled => None,
        }
    }

    /// When the earliest clock that matters in `phase` passes or has passed: the place of the case in the queue.
    #[must_use]
    pub fn most_urgent(&self, phase: Phase) -> Option<Timestamp> {
        ClockKind::ALL.into_iter().filter(|kind| kind.runs_in(phase)).filter_map(|kind| self.due(kind)).min()
    }

    fn due(&self, kind: ClockKind) -> Option<Timestamp> {
        match self.get(kind) {
            Clock::Running { due, .. } | Clock::Passed { due, .. } => Some(*due),
            Clock::Still { .. } | Clock::Cancelled => None,
        }
    }

    fn map(self, change: impl Fn(ClockKind, Clock) -> Clock) -> Self {
        Self {
            start: change(ClockKind::Start, self.start),
            decision: change(ClockKind::Decision, self.decision),
            overall: change(ClockKind::Overall, self.overall),
        }
    }
}
