//! What a claim waits for, until when, and whose move it is (R60). It follows from the claim alone and not from the time: what passes by time
//! passes by a transition (R47), so that what is stored of it is right after each.
use super::{Association, Claim, Party, State, Submission, words};
use cpor_durable::Transition;
use cpor_types::Timestamp;
use std::mem::{Discriminant, discriminant};

words! {
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
pub(super) type Station = (Wait, Option<Discriminant<Association>>);

/// What a claim waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What for.
    pub wait: Wait,
    /// Until when, at the latest; `None`: there is no deadline, or it is not known yet. Clocks of a review that have passed stay.
    pub due: Option<Timestamp>,
    /// Whose move it is; `None`: nobody's.
    pub mover: Option<Party>,
}

impl Waiting {
    const fn on(wait: Wait, due: Option<Timestamp>, mover: Party) -> Self {
        Self { wait, due, mover: Some(mover) }
    }

    const NOTHING: Self = Self { wait: Wait::Nothing, due: None, mover: None };
}

impl Claim {
    /// What it waits for; since when, [`Claim::wait_time`] says.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        match &self.state {
            State::Editing => Waiting::on(Wait::Submission, None, Party::Partner),
            State::Submitted(submission) | State::UnderReview(submission) | State::Disputed(submission) => {
                self.in_review(submission)
            }
            State::PartnerActionRequired(_, action) => {
                Waiting::on(Wait::PartnerResponse, Some(action.response.deadline.due), Party::Partner)
            }
            State::Approved(submission, association) => approved(submission, association),
            State::Rejected(_, rejection) => rejection
                .dispute_window()
                .map_or(Waiting::NOTHING, |window| Waiting::on(Wait::DisputeWindow, Some(window.due), Party::Partner)),
            State::Deleted => Waiting::NOTHING,
        }
    }

    fn in_review(&self, submission: &Submission) -> Waiting {
        let due = submission.review.due;
        if submission.review.approving {
            return Waiting::on(Wait::Registry, None, Party::System);
        }
        if self.content.lines.iter().any(|line| line.contested) {
            return Waiting::on(Wait::Arbitration, None, Party::ReviewLead);
        }
        let wait = if submission.review.started { Wait::ReviewDecision } else { Wait::ReviewStart };
        Waiting::on(wait, due, Party::Reviewer)
    }

    /// Where on its way it waits.
    pub(super) fn station(&self) -> Station {
        (self.waiting().wait, self.state.association().map(discriminant))
    }

    /// What `made` of this claim, where a wait that is new began at `time`.
    pub(super) fn waiting_since(&self, made: Transition<Self>, time: Timestamp) -> Transition<Self> {
        let wait_time = if made.next.station() == self.station() { self.wait_time } else { time };
        Transition { next: Self { wait_time, ..made.next }, ..made }
    }
}

fn approved(submission: &Submission, association: &Association) -> Waiting {
    match (association, submission.consent_due) {
        (Association::Pending, None) => {
            let mover = if submission.bounced { Party::Operator } else { Party::System };
            Waiting::on(Wait::NoticeDelivery, None, mover)
        }
        (Association::Pending, due) if submission.needs_explicit_approval() => {
            Waiting::on(Wait::ExplicitApproval, due, Party::Customer)
        }
        (Association::Pending, due) => Waiting::on(Wait::ConsentWindow, due, Party::Time),
        (Association::Granted { .. }, _) => Waiting::on(Wait::Registry, None, Party::System),
        (Association::Official { .. } | Association::Ended { .. }, _) => Waiting::NOTHING,
    }
}
