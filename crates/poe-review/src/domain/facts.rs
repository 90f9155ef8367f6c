//! What claim-intake tells of the claim. A fact is never refused: one that the case no longer admits changes nothing.
use super::{CaseEvent, CaseKind, Closing, Contest, Phase, ReviewCase, Snapshot, State, case::transition};
use cpor_durable::Transition;
use cpor_types::{Calendar, CaseId, Length, LineId, PrimaryRejection, ReviewLengths, TenantId, Timestamp};
use std::collections::BTreeSet;

/// How a case begins.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The case.
    pub id: CaseId,
    /// The customer.
    pub tenant: TenantId,
    /// Submission or dispute.
    pub kind: CaseKind,
    /// The claim.
    pub snapshot: Snapshot,
    /// The lengths that its profile says.
    pub lengths: ReviewLengths,
    /// How long before a clock passes its reviewer is reminded (R48), as the profile says.
    pub remind_before: Length,
}

impl ReviewCase {
    /// Opens the case of a submitted (R18) or disputed (R28) claim; its clocks run from then, however late the fact
    /// arrives (R47).
    #[must_use]
    pub fn open(opening: Opening, since: Timestamp, calendar: &Calendar) -> Transition<Self> {
        let Opening { id, tenant, kind, snapshot, lengths, remind_before } = opening;
        let unstarted = Self {
            tenant,
            id,
            clocks: kind.clocks(lengths),
            remind_before,
            kind,
            snapshot,
            reviewer: None,
            round: 1,
            state: State::Waiting,
            contest: Contest::default(),
            ended: BTreeSet::new(),
            approval_refusals: Vec::new(),
            create_time: since,
            update_time: since,
            close_time: None,
        };
        let opened = unstarted.entering(State::Waiting, since, calendar);
        let lines = opened.contested_lines();
        let contested = (!lines.is_empty()).then_some(CaseEvent::CompetitionChanged { lines });
        Transition::new(opened, std::iter::once(CaseEvent::Opened).chain(contested))
    }

    /// The partner answered (R21): the case waits again, with its reviewer, and its clocks run on with what was left.
    #[must_use]
    pub fn resubmitted(
        &self,
        snapshot: Snapshot,
        resubmitted: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        match self.state {
            State::PartnerActionRequired(_) => {
                let next = Self { state: State::Waiting, round: self.round + 1, ..self.with(snapshot) };
                Some(transition(self, next.timed(resubmitted, calendar), CaseEvent::Resubmitted))
            }
            State::Waiting
            | State::UnderReview
            | State::Approving(_)
            | State::Approved(_)
            | State::Rejected(_)
            | State::Closed(_) => None,
        }
    }

    /// The claim was changed while it was in review (R29, R37).
    #[must_use]
    pub fn edited(&self, snapshot: Snapshot, edited: Timestamp, calendar: &Calendar) -> Option<Transition<Self>> {
        let next = self.with(snapshot);
        (self.phase().is_open() && next != *self)
            .then(|| transition(self, next.timed(edited, calendar), CaseEvent::Edited))
    }

    /// Associations of the approved claim are over (R37, R39): their keys are free.
    #[must_use]
    pub fn lines_ended(&self, lines: &[LineId], now: Timestamp, calendar: &Calendar) -> Option<Transition<Self>> {
        let live = self.contending().map(|line| line.id);
        let lines: Vec<LineId> = live.filter(|line| lines.contains(line)).collect();
        (self.phase().is_approved() && !lines.is_empty()).then(|| {
            let ended = self.ended.iter().chain(&lines).copied().collect();
            let next = Self { ended, ..self.clone() }.timed(now, calendar);
            transition(self, next, CaseEvent::LinesEnded { lines })
        })
    }

    /// The claim was closed from outside: so is the case, in the middle of an approval too. Of an approved case all lines
    /// are over; one that is rejected or closed stays so.
    #[must_use]
    pub fn closed(
        &self,
        primary_reason: PrimaryRejection,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        match self.phase() {
            Phase::Waiting | Phase::UnderReview | Phase::PartnerActionRequired | Phase::Approving => {
                let closing = State::Closed(Closing { primary_reason });
                Some(transition(self, self.entering(closing, now, calendar), CaseEvent::Closed { primary_reason }))
            }
            Phase::Approved => {
                let all: Vec<LineId> = self.snapshot.lines.iter().map(|line| line.id).collect();
                self.lines_ended(&all, now, calendar)
            }
            Phase::Rejected | Phase::Closed => None,
        }
    }

    /// The case with the claim as it is now. What was sent before an award arrived still has the lines that it took.
    fn with(&self, mut snapshot: Snapshot) -> Self {
        snapshot.lines.retain(|line| !self.ended.contains(&line.id));
        Self { snapshot, ..self.clone() }
    }
}
