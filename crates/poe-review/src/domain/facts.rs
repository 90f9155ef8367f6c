//! What claim-intake tells of the claim. A fact is never refused: one that the case no longer admits changes nothing.
use super::{CaseEvent, Clocks, Closing, ReviewCase, Snapshot, State, case::transition};
use cpor_durable::Transition;
use cpor_types::{Calendar, CaseId, PrimaryRejection, ReviewLengths, TenantId, Timestamp};

impl ReviewCase {
    /// Opens the case of a submitted claim (R18); its clocks run from the submission, however late the fact arrives
    /// (R47).
    #[must_use]
    pub fn open(
        id: CaseId,
        tenant: TenantId,
        snapshot: Snapshot,
        lengths: ReviewLengths,
        submitted: Timestamp,
        calendar: &Calendar,
    ) -> Transition<Self> {
        let unstarted = Self {
            tenant,
            id,
            snapshot,
            reviewer: None,
            round: 1,
            state: State::Waiting,
            clocks: Clocks::new(lengths),
            approval_refusals: Vec::new(),
            create_time: submitted,
            update_time: submitted,
            close_time: None,
        };
        transition(unstarted.entering(State::Waiting, submitted, calendar), CaseEvent::Opened)
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
                let next =
                    Self { snapshot, round: self.round + 1, ..self.entering(State::Waiting, resubmitted, calendar) };
                Some(transition(next, CaseEvent::Resubmitted))
            }
            State::Waiting
            | State::UnderReview
            | State::Approving(_)
            | State::Approved(_)
            | State::Rejected(_)
            | State::Closed(_) => None,
        }
    }

    /// The claim was closed from outside: so is the case, in the middle of an approval too. A case that is decided
    /// stays so.
    #[must_use]
    pub fn closed(
        &self,
        primary_reason: PrimaryRejection,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        self.phase().is_open().then(|| {
            let closing = State::Closed(Closing { primary_reason });
            transition(self.entering(closing, now, calendar), CaseEvent::Closed { primary_reason })
        })
    }
}
