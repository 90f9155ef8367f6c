//! The clocks of a review (R45). Which of them run depends on the state, and on whether the case is contested (R37); the
//! rest stand still, with what is left.
use super::Phase;
use cpor_types::{Calendar, Deadline, Length, ReviewLengths, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// Until the start of the review.
    Start,
    /// From the start to the decision.
    Decision,
    /// From submission, less the time with the partner.
    Overall,
    /// From the dispute to its decision, less the time with the partner.
    DisputeDecision,
}

impl ClockKind {
    /// Every clock.
    pub const ALL: [Self; 4] = [Self::Start, Self::Decision, Self::Overall, Self::DisputeDecision];

    /// The word that deadlines and events carry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "review_start",
            Self::Decision => "review_decision",
            Self::Overall => "overall",
            Self::DisputeDecision => "dispute_decision",
        }
    }

    /// Whether the clock runs in a state. With the partner, and while lines are being held, all stand still.
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
        /// When the reviewer is to be reminded (R48); none once they are, and where less than that is left.
        remind: Option<Timestamp>,
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
    /// When it passes or has passed; `None` while it stands still.
    #[must_use]
    pub const fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Running { due, .. } | Self::Passed { due, .. } => Some(*due),
            Self::Still { .. } | Self::Cancelled => None,
        }
    }

    fn run(self, remind_before: Length, now: Timestamp, calendar: &Calendar) -> Self {
        match self {
            Self::Still { left } => {
                let (due, rule) = (calendar.due(now, left), calendar.rule(left));
                let remind = Some(calendar.reminder(due, remind_before)).filter(|remind| *remind > now);
                Self::Running { due, rule, remind }
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
            Self::Running { due, rule, remind: _ } => Self::Passed { due, rule },
            Self::Still { .. } | Self::Passed { .. } | Self::Cancelled => self,
        }
    }
}

impl ClockKind {
    /// The word of the reminder before it passes.
    const fn reminder(self) -> &'static str {
        match self {
            Self::Start => "remind_review_start",
            Self::Decision => "remind_review_decision",
            Self::Overall => "remind_overall",
            Self::DisputeDecision => "remind_dispute_decision",
        }
    }
}

/// The clocks of one case: those that its kind and its claim's profile give it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Clocks(BTreeMap<ClockKind, Clock>);

impl Clocks {
    /// The clocks of a submission's case, none of them running, of the lengths that the claim's profile says (R61).
    #[must_use]
    pub fn of_submission(ReviewLengths { start, decision, overall, dispute_decision: _ }: ReviewLengths) -> Self {
        let always = [(ClockKind::Start, start), (ClockKind::Decision, decision)];
        Self::still(always.into_iter().chain(overall.map(|overall| (ClockKind::Overall, overall))))
    }

    /// The clock of a dispute's case.
    #[must_use]
    pub fn of_dispute(lengths: ReviewLengths) -> Self {
        Self::still([(ClockKind::DisputeDecision, lengths.dispute_decision)])
    }

    fn still(lengths: impl IntoIterator<Item = (ClockKind, Length)>) -> Self {
        Self(lengths.into_iter().map(|(kind, left)| (kind, Clock::Still { left })).collect())
    }

    /// One of them; `None` where the case has no such clock.
    #[must_use]
    pub fn get(&self, kind: ClockKind) -> Option<&Clock> {
        self.0.get(&kind)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = (ClockKind, &Clock)> {
        self.0.iter().map(|(kind, clock)| (*kind, clock))
    }

    /// Whether one of them has passed.
    #[must_use]
    pub fn overdue(&self) -> bool {
        self.0.values().any(|clock| matches!(clock, Clock::Passed { .. }))
    }

    /// The clocks as they are once the case is in `phase`: some run on with what was left, the others stop, and all do
    /// while it is contested; a case that is over cancels them all.
    #[must_use]
    pub(super) fn entering(
        self,
        phase: Phase,
        contested: bool,
        remind_before: Length,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Self {
        self.map(|kind, clock| match (phase.is_open(), kind.runs_in(phase) && !contested) {
            (true, true) => clock.run(remind_before, now, calendar),
            (true, false) => clock.stop(now, calendar),
            (false, true | false) => clock.cancel(),
        })
    }

    /// The clocks after one of them has passed.
    #[must_use]
    pub(super) fn passing(self, passed: ClockKind) -> Self {
        self.map(|kind, clock| if kind == passed { clock.pass() } else { clock })
    }

    /// The clocks after the reminder of one of them.
    #[must_use]
    pub(super) fn reminding(self, of: ClockKind) -> Self {
        self.map(|kind, clock| match clock {
            Clock::Running { due, rule, remind: _ } if kind == of => Clock::Running { due, rule, remind: None },
            Clock::Running { .. } | Clock::Still { .. } | Clock::Passed { .. } | Clock::Cancelled => clock,
        })
    }

    /// The reminders ahead, as deadlines.
    #[must_use]
    pub fn reminders(&self) -> Vec<(ClockKind, Deadline)> {
        let ahead = |(kind, clock): (ClockKind, &Clock)| match clock {
            Clock::Running { remind: Some(due), rule, .. } => {
                Some((kind, Deadline { due: *due, kind: kind.reminder().into(), rule: rule.clone() }))
            }
            Clock::Running { remind: None, .. } | Clock::Still { .. } | Clock::Passed { .. } | Clock::Cancelled => None,
        };
        self.all().filter_map(ahead).collect()
    }

    /// Those that run, as deadlines.
    #[must_use]
    pub fn running(&self) -> Vec<(ClockKind, Deadline)> {
        self.all().filter_map(|(kind, clock)| Some((kind, deadline(kind, clock)?))).collect()
    }

    /// When the earliest clock that matters in `phase` passes or has passed: the place of the case in the queue.
    #[must_use]
    pub fn most_urgent(&self, phase: Phase) -> Option<Timestamp> {
        self.all().filter(|(kind, _)| kind.runs_in(phase)).filter_map(|(_, clock)| clock.due()).min()
    }

    fn map(self, change: impl Fn(ClockKind, Clock) -> Clock) -> Self {
        Self(self.0.into_iter().map(|(kind, clock)| (kind, change(kind, clock))).collect())
    }
}

fn deadline(kind: ClockKind, clock: &Clock) -> Option<Deadline> {
    match clock {
        Clock::Running { due, rule, remind: _ } => {
            Some(Deadline { due: *due, kind: kind.as_str().into(), rule: rule.clone() })
        }
        Clock::Still { .. } | Clock::Passed { .. } | Clock::Cancelled => None,
    }
}
