//! What a claim waits for, until when, and whose move it is (R60). It follows from the claim alone and not from the time: what passes by time
//! passes by a transition (R47), so that what is stored of it is right after each.
use super::{Association, Claim, Party, State, Submission, string_enum};
use cpor_types::Timestamp;
use std::mem::{Discriminant, discriminant};

string_enum! {
    /// What a claim waits for.
    Wait {
        /// The partner submits it (R18).
        Submission = "SUBMISSION",
        /// A reviewer starts (R19).
        ReviewStart = "REVIEW_START",
        /// The reviewer decides (R20, R23, R24).
        ReviewDecision = "REVIEW_DECISION",
        /// A lead awards what is contested; the clocks of the review stand still (R37).
        Arbitration = "ARBITRATION",
        /// The partner answers (R21).
        PartnerResponse = "PARTNER_RESPONSE",
        /// A notice reaches the customer, so that the window opens (R41).
        NoticeDelivery = "NOTICE_DELIVERY",
        /// The window passes (R27).
        ConsentWindow = "CONSENT_WINDOW",
        /// The customer, who declined before, approves (R28).
        ExplicitApproval = "EXPLICIT_APPROVAL",
        /// The registry holds the lines that a reviewer approved (R23), or has the association on record (R27).
        Registry = "REGISTRY",
        /// The partner disputes the rejection, or lets that pass (R28).
        DisputeWindow = "DISPUTE_WINDOW",
        /// Nothing any more.
        Nothing = "NOTHING",
    }
}

/// Where on its way a claim waits: another station is another wait.
type WaitPosition = (Wait, Option<Discriminant<Association>>);

/// Where a claim waits and since when; and the same as its customer may know it (R5).
pub(super) type WaitClock = [(WaitPosition, Timestamp); 2];

/// What a claim waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitStatus {
    /// What for.
    pub wait: Wait,
    /// Until when, at the latest; `None`: there is no deadline, or it is not known yet. Clocks of a review that have passed stay.
    pub due: Option<Timestamp>,
    /// Whose move it is; `None`: nobody's.
    pub mover: Option<Party>,
}

impl WaitStatus {
    const fn new(wait: Wait, due: Option<Timestamp>, mover: Party) -> Self {
        Self { wait, due, mover: Some(mover) }
    }

    const NOTHING: Self = Self { wait: Wait::Nothing, due: None, mover: None };
}

impl Claim {
    /// What it waits for; since when, [`Claim::wait_time`] says.
    #[must_use]
    pub fn waiting(&self) -> WaitStatus {
        match &self.state {
            State::Editing => WaitStatus::new(Wait::Submission, None, Party::Partner),
            State::Submitted(submission) | State::UnderReview(submission) | State::Disputed(submission) => {
                self.wait_in_review(submission)
            }
            State::PartnerActionRequired(_, action) => {
                WaitStatus::new(Wait::PartnerResponse, Some(action.response.deadline.due), Party::Partner)
            }
            State::Approved(submission, association) => wait_when_approved(submission, association),
            State::Rejected(_, rejection) => rejection.dispute_window().map_or(WaitStatus::NOTHING, |window| {
                WaitStatus::new(Wait::DisputeWindow, Some(window.due), Party::Partner)
            }),
            State::Deleted => WaitStatus::NOTHING,
        }
    }

    fn wait_in_review(&self, submission: &Submission) -> WaitStatus {
        let due = submission.review.due;
        if submission.review.approving {
            return WaitStatus::new(Wait::Registry, None, Party::System);
        }
        if self.content.lines.iter().any(|line| line.contested) {
            return WaitStatus::new(Wait::Arbitration, None, Party::ReviewLead);
        }
        WaitStatus::new(reviewer_wait(submission), due, Party::Reviewer)
    }

    /// Where on its way it waits, and where as its customer may know it: without its rivals (R5).
    fn wait_positions(&self) -> [WaitPosition; 2] {
        let (wait, association) = (self.waiting().wait, self.state.association().map(discriminant));
        let involves_rivals = wait == Wait::Arbitration || (wait == Wait::Registry && association.is_none());
        let customer_wait = match self.state.submission() {
            Some(submission) if involves_rivals => reviewer_wait(submission),
            Some(_) | None => wait,
        };
        [wait, customer_wait].map(|wait| (wait, association))
    }

    /// Where it waits, and since when.
    pub(super) fn wait_clock(&self) -> WaitClock {
        let [position, customer_position] = self.wait_positions();
        [(position, self.wait_time), (customer_position, self.customer_wait_time)]
    }

    /// This claim, which `waited` there before: a wait that is new began at `time`.
    pub(super) fn with_wait_clock(mut self, previous: Option<WaitClock>, time: Timestamp) -> Self {
        let since = |view: usize, position: WaitPosition| {
            let before = previous.map(|clock| clock[view]).filter(|(before, _)| *before == position);
            before.map_or(time, |(_, since)| since)
        };
        let [position, customer_position] = self.wait_positions();
        (self.wait_time, self.customer_wait_time) = (since(0, position), since(1, customer_position));
        self
    }
}

const fn reviewer_wait(submission: &Submission) -> Wait {
    if submission.review.started { Wait::ReviewDecision } else { Wait::ReviewStart }
}

fn wait_when_approved(submission: &Submission, association: &Association) -> WaitStatus {
    match (association, submission.consent_due) {
        (Association::Pending, None) => {
            let mover = if submission.bounced { Party::Operator } else { Party::System };
            WaitStatus::new(Wait::NoticeDelivery, None, mover)
        }
        (Association::Pending, due) if submission.needs_explicit_approval() => {
            WaitStatus::new(Wait::ExplicitApproval, due, Party::Customer)
        }
        (Association::Pending, due) => WaitStatus::new(Wait::ConsentWindow, due, Party::Time),
        (Association::Granted { .. }, _) => WaitStatus::new(Wait::Registry, None, Party::System),
        (Association::Official { .. } | Association::Ended { .. }, _) => WaitStatus::NOTHING,
    }
}
