//! The transition table (R15–R27): which state admits what, and where it leads. It is the one place that says so: the
//! guards of the transitions, the answer's `allowed_commands` and the refusals all read it.
use super::{Claim, Refusal, StateKind, Submission, words};
use cpor_types::CaseId;

use StateKind::{Approved, Deleted, Editing, PartnerActionRequired, Rejected, Submitted, UnderReview};

words! {
    /// What a partner can do to a claim; a reviewer can comment.
    Command {
        /// Changes the content.
        Update = "UPDATE",
        /// Deletes the draft.
        Delete = "DELETE",
        /// Submits it for review.
        Submit = "SUBMIT",
        /// Answers the reviewer's request.
        Resubmit = "RESUBMIT",
        /// Withdraws it for good.
        Withdraw = "WITHDRAW",
        /// Adds a document.
        AddEvidence = "ADD_EVIDENCE",
        /// Removes a document.
        RemoveEvidence = "REMOVE_EVIDENCE",
        /// Writes a comment.
        Comment = "COMMENT",
    }
}

words! {
    /// What other services and time itself report of a claim.
    FactKind {
        /// The case found its reviewer, or lost it.
        ReviewAssigned = "review_assigned",
        /// A reviewer began.
        ReviewStarted = "review_started",
        /// The reviewer needs something from the partner.
        PartnerActionRequested = "partner_action_requested",
        /// The partner's response deadline passed.
        ResponseDeadlinePassed = "response_deadline_passed",
        /// Every line is held and the case is approved.
        ReviewApproved = "review_approved",
        /// The reviewer rejected.
        ReviewRejected = "review_rejected",
        /// An approval could not be given.
        ApprovalRefused = "approval_refused",
        /// A review clock passed.
        ReviewOverdue = "review_overdue",
        /// A notice to the customer was accepted or bounced.
        NoticeSettled = "notice_settled",
        /// The consent window opened.
        ConsentWindowOpened = "consent_window_opened",
        /// The consent window passed.
        ConsentWindowPassed = "consent_window_passed",
        /// The customer approved explicitly.
        CustomerApproved = "customer_approved",
        /// The customer declined.
        CustomerDeclined = "customer_declined",
        /// The registry has the association on record.
        AssociationOfficial = "association_official",
        /// The lines were assessed.
        Assessed = "assessed",
    }
}

/// Something that can happen to a claim that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A command: refused where the state does not admit it.
    Command(Command),
    /// A fact: recorded as overtaken where the state does not admit it.
    Fact(FactKind),
}

/// Where a step leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The state stays.
    Same,
    /// The state becomes this one.
    State(StateKind),
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// The rule that it follows.
    pub rule: &'static str,
    /// What happens.
    pub step: Step,
    /// In which states it can happen.
    pub from: &'static [StateKind],
    /// Where it leads.
    pub to: To,
}

const OPEN: &[StateKind] = &[Submitted, UnderReview, PartnerActionRequired];
const LIVE: &[StateKind] = &[Submitted, UnderReview, PartnerActionRequired, Approved];
const WITH_DRAFT: &[StateKind] = &[Editing, Submitted, UnderReview, PartnerActionRequired, Approved, Rejected];

const fn command(rule: &'static str, command: Command, from: &'static [StateKind], to: To) -> Row {
    Row { rule, step: Step::Command(command), from, to }
}

const fn fact(rule: &'static str, fact: FactKind, from: &'static [StateKind], to: To) -> Row {
    Row { rule, step: Step::Fact(fact), from, to }
}

/// The table. What has no row is refused, or overtaken.
pub const TABLE: &[Row] = &[
    command("R17", Command::Update, &[Editing], To::Same),
    command("R17", Command::Delete, &[Editing], To::State(Deleted)),
    command("R18", Command::Submit, &[Editing], To::State(Submitted)),
    command("R21", Command::Resubmit, &[PartnerActionRequired], To::State(Submitted)),
    command("R25", Command::Withdraw, LIVE, To::State(Rejected)),
    command("R29", Command::AddEvidence, &[Editing, PartnerActionRequired], To::Same),
    command("R14", Command::RemoveEvidence, &[Editing], To::Same),
    command("R29", Command::Comment, WITH_DRAFT, To::Same),
    fact("R19", FactKind::ReviewAssigned, OPEN, To::Same),
    fact("R19", FactKind::ReviewStarted, &[Submitted], To::State(UnderReview)),
    fact("R20", FactKind::PartnerActionRequested, &[UnderReview], To::State(PartnerActionRequired)),
    fact("R22", FactKind::ResponseDeadlinePassed, &[PartnerActionRequired], To::State(Rejected)),
    fact("R23", FactKind::ReviewApproved, &[UnderReview], To::State(Approved)),
    fact("R24", FactKind::ReviewRejected, &[UnderReview], To::State(Rejected)),
    fact("R36", FactKind::ApprovalRefused, &[UnderReview], To::Same),
    fact("R45", FactKind::ReviewOverdue, OPEN, To::Same),
    fact("R41", FactKind::NoticeSettled, LIVE, To::Same),
    fact("R41", FactKind::ConsentWindowOpened, &[Approved], To::Same),
    fact("R27", FactKind::ConsentWindowPassed, &[Approved], To::Same),
    fact("R26a", FactKind::CustomerApproved, LIVE, To::Same),
    fact("R26", FactKind::CustomerDeclined, LIVE, To::State(Rejected)),
    fact("R27", FactKind::AssociationOfficial, &[Approved], To::Same),
    fact("R52", FactKind::Assessed, &[Approved], To::Same),
];

/// Whether `state` admits `step`.
#[must_use]
pub fn admits(state: StateKind, step: Step) -> bool {
    TABLE.iter().any(|row| row.step == step && row.from.contains(&state))
}

impl StateKind {
    /// The commands that this state admits, in the table's order.
    #[must_use]
    pub fn allowed_commands(self) -> Vec<Command> {
        Command::ALL.iter().copied().filter(|command| admits(self, Step::Command(*command))).collect()
    }
}

/// Guards: each reads the table and hands out the data that the states it admits have.
impl Claim {
    /// Whether the state admits `command`.
    #[must_use]
    pub fn admits(&self, command: Command) -> bool {
        admits(self.state.kind(), Step::Command(command))
    }

    /// Refuses `command` unless the state admits it.
    pub(super) fn admit(&self, command: Command) -> Result<(), Refusal> {
        if self.admits(command) { Ok(()) } else { Err(self.not_allowed(command)) }
    }

    /// As [`Self::admit`], for commands of submitted claims.
    pub(super) fn admit_submitted(&self, command: Command) -> Result<&Submission, Refusal> {
        self.admit(command)?;
        self.state.submission().ok_or_else(|| self.not_allowed(command))
    }

    /// The submission, where the state admits `fact` and, for facts of a review, `case` is the claim's own.
    pub(super) fn admit_fact(&self, fact: FactKind, case: Option<CaseId>) -> Option<&Submission> {
        let submission = self.state.submission()?;
        let own = case.is_none_or(|case| case == submission.review_case);
        (own && admits(self.state.kind(), Step::Fact(fact))).then_some(submission)
    }

    fn not_allowed(&self, command: Command) -> Refusal {
        match self.state.kind() {
            Deleted => Refusal::NotFound,
            state @ (Editing | Submitted | UnderReview | PartnerActionRequired | Approved | Rejected) => {
                Refusal::NotAllowed { state, command, allowed: state.allowed_commands() }
            }
        }
    }
}
