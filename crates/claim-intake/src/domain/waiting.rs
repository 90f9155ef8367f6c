//! What a claim waits for, until when, and which party has to act (R60). A *policy profile* is a
//! versioned set of values that the business rules leave open (R61).
//!
//! What a claim waits for depends on the claim alone and not on the present time, because a
//! deadline that passes causes a transition of its own (R47). It is therefore computed and stored
//! with each transition, and stays correct until the next one.
//!
//! A *line* is the part of a claim that is about one workload or subscription. It is *contested*
//! while another company claims or holds the same (R37). The registry service *holds* a line when
//! it reserves that workload or subscription for the claim's partner. A *notice* is a mail to the
//! customer contact about the claim. The *consent window* is the time in which silence of the
//! customer counts as consent. A *statement* is the partner's answer to a reviewer's question about
//! a line that another company also claims; it decides nothing.
use super::{Association, Claim, Party, State, Submission, string_enum};
use cpor_types::Timestamp;
use std::mem::{Discriminant, discriminant};

string_enum! {
    /// What a claim waits for.
    pub enum Wait, "what a claim waits for" {
        /// The partner has to submit the draft (R18).
        Submission = "SUBMISSION",
        /// A reviewer has to start the review (R19).
        ReviewStart = "REVIEW_START",
        /// The reviewer has to decide (R20, R23, R24).
        ReviewDecision = "REVIEW_DECISION",
        /// A review lead has to decide which company gets the contested lines. The policy profile
        /// determines whether the deadlines of the review are stopped until then or run (R37). An
        /// approved claim whose association is official waits for this, too, while its lines are
        /// contested (R37a).
        Arbitration = "ARBITRATION",
        /// The partner has to answer the reviewer's request (R21).
        PartnerResponse = "PARTNER_RESPONSE",
        /// The partner, whose approved claim is contested, has to answer a request for a statement
        /// (R37a).
        Statement = "STATEMENT",
        /// The association of a competing claim that was awarded lines of this claim has to become
        /// official, which ends this claim's association (R37).
        Supersession = "SUPERSESSION",
        /// A notice has to reach the customer, which opens the consent window (R41). Otherwise the
        /// claim is rejected (R41a).
        NoticeDelivery = "NOTICE_DELIVERY",
        /// The consent window has to end (R27).
        ConsentWindow = "CONSENT_WINDOW",
        /// The customer contact approved by link or did not decline, but is not authorized: a
        /// reviewer has to confirm the contact, or an administrator of the customer has to approve
        /// (R43a).
        ContactConfirmation = "CONTACT_CONFIRMATION",
        /// The customer declined before and has to approve explicitly (R28).
        ExplicitApproval = "EXPLICIT_APPROVAL",
        /// The registry has to hold the lines that a reviewer approved (R23), or has to put the
        /// association on record (R27).
        Registry = "REGISTRY",
        /// All associations have ended. customer-consent has to report that it has learned of that,
        /// so that no earlier decision of the customer is on its way (R47).
        LateDecision = "LATE_DECISION",
        /// The partner can dispute the rejection until the dispute window ends (R28).
        DisputeWindow = "DISPUTE_WINDOW",
        /// The claim does not wait for anything.
        Nothing = "NOTHING",
    }
}

/// What a claim waits for, and the status of its association (pending, granted, official or ended).
/// A new wait begins when one of them changes.
type WaitIdentity = (Wait, Option<Discriminant<Association>>);

/// What a claim waits for and the start of that wait, in two views: first the full view, then the
/// view of its customer, which reveals no competing claim (R5).
pub(super) type WaitStarts = [(WaitIdentity, Timestamp); 2];

/// What a claim waits for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitStatus {
    /// What the claim waits for.
    pub wait: Wait,
    /// The time by which the wait should end; `None` when there is no deadline or it is not known
    /// yet. A deadline of the review is reported here even after it has passed.
    pub due: Option<Timestamp>,
    /// The party that has to act; `None` when the claim does not wait for anything.
    pub acting_party: Option<Party>,
}

impl WaitStatus {
    const fn new(wait: Wait, due: Option<Timestamp>, acting_party: Party) -> Self {
        Self { wait, due, acting_party: Some(acting_party) }
    }

    const NOTHING: Self = Self { wait: Wait::Nothing, due: None, acting_party: None };
}

impl Claim {
    /// Returns what the claim waits for. [`Claim::wait_start_time`] is the start of the wait.
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
            State::Approved(submission, association) => submission.open_statement().map_or_else(
                || self.wait_after_approval(submission, association),
                |statement| WaitStatus::new(Wait::Statement, Some(statement.window.deadline.due), Party::Partner),
            ),
            State::Rejected(_, rejection) => rejection.dispute_window().map_or(WaitStatus::NOTHING, |window| {
                WaitStatus::new(Wait::DisputeWindow, Some(window.due), Party::Partner)
            }),
            State::Deleted => WaitStatus::NOTHING,
        }
    }

    /// Returns what a claim in SUBMITTED, UNDER_REVIEW or DISPUTED waits for.
    fn wait_in_review(&self, submission: &Submission) -> WaitStatus {
        let due = submission.review.due;
        if submission.review.approving {
            return WaitStatus::new(Wait::Registry, None, Party::System);
        }
        if self.content.lines.iter().any(|line| line.contested) {
            let due = due.filter(|_| submission.policy_values.review_clocks_run_while_competing);
            return WaitStatus::new(Wait::Arbitration, due, Party::ReviewLead);
        }
        WaitStatus::new(reviewer_wait(submission), due, Party::Reviewer)
    }

    /// Returns what an approved claim waits for, apart from a statement. While the association is
    /// not official, the next step towards that comes first.
    fn wait_after_approval(&self, submission: &Submission, association: &Association) -> WaitStatus {
        match self.wait_when_approved(submission, association) {
            WaitStatus { wait: Wait::Nothing, .. } if self.has_contested_line() => {
                WaitStatus::new(Wait::Arbitration, None, Party::ReviewLead)
            }
            WaitStatus { wait: Wait::Nothing, .. } if self.has_line_awarded_to_rival() => {
                WaitStatus::new(Wait::Supersession, None, Party::System)
            }
            waiting => waiting,
        }
    }

    /// Returns what the claim waits for in the full view, and in the view of its customer. The
    /// customer's view shows a wait for the reviewer instead of a wait that would reveal a
    /// competing claim (R5).
    fn wait_identities(&self) -> [WaitIdentity; 2] {
        let (wait, association) = (self.waiting().wait, self.state.association().map(discriminant));
        let customer_wait = match (self.state.submission(), self.state.association()) {
            (Some(submission), Some(association)) => self.wait_when_approved(submission, association).wait,
            (Some(submission), None) if matches!(wait, Wait::Arbitration | Wait::Registry) => reviewer_wait(submission),
            (Some(_) | None, _) => wait,
        };
        [wait, customer_wait].map(|wait| (wait, association))
    }

    /// Returns what the claim waits for and the start of that wait, in the full view and in the
    /// customer's view.
    pub(super) fn wait_starts(&self) -> WaitStarts {
        let [identity, customer_identity] = self.wait_identities();
        [(identity, self.wait_start_time), (customer_identity, self.customer_wait_start_time)]
    }

    /// Returns this claim with its wait times set. A wait that is also in `previous` keeps its
    /// start; a new wait begins at `time`.
    pub(super) fn with_wait_starts(mut self, previous: Option<WaitStarts>, time: Timestamp) -> Self {
        let since = |view: usize, identity: WaitIdentity| {
            let unchanged = previous.map(|starts| starts[view]).filter(|(waited_for, _)| *waited_for == identity);
            unchanged.map_or(time, |(_, since)| since)
        };
        let [identity, customer_identity] = self.wait_identities();
        (self.wait_start_time, self.customer_wait_start_time) = (since(0, identity), since(1, customer_identity));
        self
    }

    /// Returns what an approved claim waits for, apart from what competing claims cause.
    fn wait_when_approved(&self, submission: &Submission, association: &Association) -> WaitStatus {
        match (association, submission.consent_due) {
            (Association::Pending, None) => {
                // R41a: after a bounce the partner can correct the contacts. Operators can only
                // send the notice again.
                let acting_party = if submission.is_notice_bounced { Party::Partner } else { Party::System };
                WaitStatus::new(Wait::NoticeDelivery, submission.delivery_due, acting_party)
            }
            (Association::Pending, Some(_)) if submission.awaits_confirmation => {
                WaitStatus::new(Wait::ContactConfirmation, None, Party::Reviewer)
            }
            (Association::Pending, due) if submission.needs_explicit_approval() => {
                WaitStatus::new(Wait::ExplicitApproval, due, Party::Customer)
            }
            (Association::Pending, due) => WaitStatus::new(Wait::ConsentWindow, due, Party::Time),
            (Association::Granted { .. }, _) => WaitStatus::new(Wait::Registry, None, Party::System),
            // R47: the registry has not answered a late consent yet.
            (Association::Ended { .. }, _) if self.may_be_reinstated() => {
                WaitStatus::new(Wait::Registry, None, Party::System)
            }
            (Association::Ended { .. }, _) if self.awaits_late_decision() => {
                WaitStatus::new(Wait::LateDecision, None, Party::System)
            }
            (Association::Official { .. } | Association::Ended { .. }, _) => WaitStatus::NOTHING,
        }
    }
}

/// Returns whether the claim waits for the start of the review or for the reviewer's decision.
const fn reviewer_wait(submission: &Submission) -> Wait {
    if submission.review.started { Wait::ReviewDecision } else { Wait::ReviewStart }
}
