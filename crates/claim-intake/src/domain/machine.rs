//! The transition table (R15–R29): which state admits what, and where it leads. It is the one place that says so: the
//! guards of the transitions, the answer's `allowed_commands`, the refusals and what [`Claim::offers`] tells each party all read it.
use super::{By, Claim, Party, Refusal, StateKind, Submission, words};
use cpor_types::CaseId;

use StateKind::{Approved, Deleted, Disputed, Editing, PartnerActionRequired, Rejected, Submitted, UnderReview};

words! {
    /// What a partner can do to a claim; a reviewer can comment, and an operator can erase.
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
        /// Disputes its rejection.
        Dispute = "DISPUTE",
        /// Adds a document.
        AddEvidence = "ADD_EVIDENCE",
        /// Removes a document.
        RemoveEvidence = "REMOVE_EVIDENCE",
        /// Writes a comment.
        Comment = "COMMENT",
        /// Erases personal data.
        ErasePersonalData = "ERASE_PERSONAL_DATA",
    }
}

words! {
    /// What other services and time itself report of a claim.
    FactKind {
        /// The case found its reviewer, or lost it.
        ReviewAssigned = "review_assigned",
        /// The case waits for its start.
        ReviewOpened = "review_opened",
        /// A reviewer began.
        ReviewStarted = "review_started",
        /// The reviewer needs something from the partner.
        PartnerActionRequested = "partner_action_requested",
        /// The partner was reminded that an answer is due.
        ResponseReminded = "response_reminded",
        /// The partner was reminded that the window to dispute a rejection ends.
        DisputeReminded = "dispute_reminded",
        /// The partner's response deadline passed.
        ResponseDeadlinePassed = "response_deadline_passed",
        /// The window to dispute a rejection passed.
        DisputeWindowPassed = "dispute_window_passed",
        /// Every line is held and the case is approved.
        ReviewApproved = "review_approved",
        /// The reviewer rejected.
        ReviewRejected = "review_rejected",
        /// The reviewer approved, and the registry is asked to hold the lines.
        ApprovalBegun = "approval_begun",
        /// An approval could not be given.
        ApprovalRefused = "approval_refused",
        /// A reviewer was reminded that a review clock is about to pass.
        ReviewReminded = "review_reminded",
        /// A review clock passed.
        ReviewOverdue = "review_overdue",
        /// A reviewer wrote a note for reviewers.
        ReviewNoted = "review_noted",
        /// Contested lines were awarded to the claim or to others.
        LinesAwarded = "lines_awarded",
        /// Lines compete with other companies', or no longer do.
        CompetitionChanged = "competition_changed",
        /// Somebody asked for a notice to the customer to be sent again.
        NoticeResent = "notice_resent",
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
        /// Associations are over.
        AssociationEnded = "association_ended",
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

impl Step {
    /// The command, if it is one.
    #[must_use]
    pub const fn command(self) -> Option<Command> {
        match self {
            Self::Command(command) => Some(command),
            Self::Fact(_) => None,
        }
    }
}

impl Command {
    /// Whether `party` can give it at all.
    fn is_of(self, party: Party) -> bool {
        let rows = TABLE.iter().filter(|row| row.step == Step::Command(self));
        rows.flat_map(|row| row.by).any(|by| by.party() == party)
    }

    /// The method for it, `cpor.claims.v1.ClaimService/SubmitClaim`.
    #[must_use]
    pub fn method(self) -> String {
        let row = TABLE.iter().find(|row| row.step == Step::Command(self));
        row.and_then(|row| row.by.first()).map(By::path).unwrap_or_default()
    }
}

/// Where a step leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The state stays.
    Same,
    /// The state becomes this one.
    State(StateKind),
    /// Back to where the reviewer asked: SUBMITTED, or DISPUTED.
    WhereAsked,
    /// The state stays, or becomes REJECTED where the last line is lost.
    SameOrRejected,
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// The rule that it follows.
    pub rule: &'static str,
    /// What happens.
    pub step: Step,
    /// Who brings it about, and how; nobody: time, or a service of its own accord.
    pub by: &'static [By],
    /// In which states it can happen.
    pub from: &'static [StateKind],
    /// Where it leads.
    pub to: To,
}

const OPEN: &[StateKind] = &[Submitted, UnderReview, PartnerActionRequired, Disputed];
const LIVE: &[StateKind] = &[Submitted, UnderReview, PartnerActionRequired, Disputed, Approved];
const ONCE_SUBMITTED: &[StateKind] = &[Submitted, UnderReview, PartnerActionRequired, Disputed, Approved, Rejected];
const WITH_DRAFT: &[StateKind] =
    &[Editing, Submitted, UnderReview, PartnerActionRequired, Disputed, Approved, Rejected];
const MAY_REST: &[StateKind] = &[Deleted, Approved, Rejected];
const IN_REVIEW: &[StateKind] = &[UnderReview, Disputed];

const START: &[By] =
    &[By::reviewer("StartReview", Claim::is_assigned).own(), By::lead("StartReview", Claim::is_unassigned)];
const ASSIGN: &[By] = &[
    By::lead("AssignReviewCase", Claim::waits_to_start),
    By::reviewer("TakeReviewCase", Claim::is_unassigned),
    By::reviewer("ReleaseReviewCase", Claim::is_assigned).own(),
];
const ARBITRATE: &[By] = &[By::lead("ArbitrateLines", Claim::is_contested)];
const ERASE: &[By] = &[By::eraser(Party::Operator)];
const RESEND: &[By] = &[
    By::notifier(Party::Reviewer, Claim::awaits_customer),
    By::notifier(Party::ReviewLead, Claim::awaits_customer),
    By::notifier(Party::Operator, Claim::awaits_customer),
];

const fn command(rule: &'static str, command: Command, by: &'static [By], from: &'static [StateKind], to: To) -> Row {
    Row { rule, step: Step::Command(command), by, from, to }
}

const fn fact(rule: &'static str, fact: FactKind, by: &'static [By], from: &'static [StateKind], to: To) -> Row {
    Row { rule, step: Step::Fact(fact), by, from, to }
}

/// The table. What has no row is refused, or overtaken. A step has a row for each way that it leads. What a claim's policy or rejection
/// leaves less of than its state, [`State`](super::State) says.
pub const TABLE: &[Row] = &[
    command(
        "R17, R29",
        Command::Update,
        &[By::partner("UpdateClaim")],
        &[Editing, Submitted, PartnerActionRequired],
        To::Same,
    ),
    command("R17", Command::Delete, &[By::partner("DeleteClaim")], &[Editing], To::State(Deleted)),
    command("R18", Command::Submit, &[By::partner("SubmitClaim")], &[Editing], To::State(Submitted)),
    command("R21", Command::Resubmit, &[By::partner("ResubmitClaim")], &[PartnerActionRequired], To::WhereAsked),
    command("R25", Command::Withdraw, &[By::partner("WithdrawClaim")], LIVE, To::State(Rejected)),
    command("R28", Command::Dispute, &[By::partner("DisputeClaim")], &[Rejected], To::State(Disputed)),
    command(
        "R28, R29",
        Command::AddEvidence,
        &[By::partner("UploadEvidence")],
        &[Editing, Submitted, PartnerActionRequired, Approved, Rejected],
        To::Same,
    ),
    command("R14", Command::RemoveEvidence, &[By::partner("DeleteEvidence")], &[Editing], To::Same),
    command(
        "R29",
        Command::Comment,
        &[By::partner("CreateComment"), By::commentator(Party::Reviewer), By::commentator(Party::ReviewLead)],
        WITH_DRAFT,
        To::Same,
    ),
    command("R56", Command::ErasePersonalData, ERASE, MAY_REST, To::Same),
    fact("R19", FactKind::ReviewAssigned, ASSIGN, OPEN, To::Same),
    fact("R45", FactKind::ReviewOpened, &[], OPEN, To::Same),
    fact("R19", FactKind::ReviewStarted, START, &[Submitted], To::State(UnderReview)),
    fact("R28", FactKind::ReviewStarted, START, &[Disputed], To::Same),
    fact(
        "R20",
        FactKind::PartnerActionRequested,
        &[By::reviewer("RequestPartnerAction", Claim::is_started).own()],
        IN_REVIEW,
        To::State(PartnerActionRequired),
    ),
    fact("R48", FactKind::ResponseReminded, &[], &[PartnerActionRequired], To::Same),
    fact("R48", FactKind::DisputeReminded, &[], &[Rejected], To::Same),
    fact("R22", FactKind::ResponseDeadlinePassed, &[], &[PartnerActionRequired], To::State(Rejected)),
    fact("R28", FactKind::DisputeWindowPassed, &[], &[Rejected], To::Same),
    fact(
        "R23",
        FactKind::ReviewApproved,
        &[By::reviewer("ApproveReviewCase", Claim::is_started).own()],
        IN_REVIEW,
        To::State(Approved),
    ),
    fact(
        "R24",
        FactKind::ReviewRejected,
        &[By::reviewer("RejectReviewCase", Claim::is_started).own()],
        IN_REVIEW,
        To::State(Rejected),
    ),
    fact("R23", FactKind::ApprovalBegun, &[], IN_REVIEW, To::Same),
    fact("R36", FactKind::ApprovalRefused, &[], IN_REVIEW, To::Same),
    fact("R48", FactKind::ReviewReminded, &[], OPEN, To::Same),
    fact("R45", FactKind::ReviewOverdue, &[], OPEN, To::Same),
    fact("R56", FactKind::ReviewNoted, &[], ONCE_SUBMITTED, To::Same),
    fact("R27a", FactKind::LinesAwarded, ARBITRATE, OPEN, To::SameOrRejected),
    fact("R37", FactKind::LinesAwarded, ARBITRATE, &[Approved], To::Same),
    fact("R37", FactKind::CompetitionChanged, &[], LIVE, To::Same),
    fact("R44", FactKind::NoticeResent, RESEND, LIVE, To::Same),
    fact("R41", FactKind::NoticeSettled, &[], LIVE, To::Same),
    fact("R41", FactKind::ConsentWindowOpened, &[], LIVE, To::Same),
    fact("R27", FactKind::ConsentWindowPassed, &[], &[Approved], To::Same),
    fact("R26a", FactKind::CustomerApproved, &[By::customer("ApproveConsent", Claim::can_be_approved)], LIVE, To::Same),
    fact(
        "R26, R28",
        FactKind::CustomerDeclined,
        &[By::customer("DeclineConsent", Claim::can_be_declined)],
        ONCE_SUBMITTED,
        To::State(Rejected),
    ),
    fact("R27", FactKind::AssociationOfficial, &[], &[Approved], To::Same),
    fact("R39", FactKind::AssociationEnded, &[], &[Approved, Rejected], To::Same),
    fact("R52", FactKind::Assessed, &[], &[Approved], To::Same),
];

/// Whether `state` admits `step`.
#[must_use]
pub fn admits(state: StateKind, step: Step) -> bool {
    TABLE.iter().any(|row| row.step == step && row.from.contains(&state))
}

/// Guards: each reads the table and hands out the data that the states it admits have.
impl Claim {
    /// The commands that `party` can give now, in the order of the contract.
    #[must_use]
    pub fn allowed_commands(&self, party: Party) -> Vec<Command> {
        Command::ALL.iter().copied().filter(|command| command.is_of(party) && self.admits(*command)).collect()
    }

    /// Whether the state, with what it carries, admits `command`.
    #[must_use]
    pub fn admits(&self, command: Command) -> bool {
        self.row_admits(command) && self.leaves(command)
    }

    /// Whether the state admits `command`, whatever it carries.
    pub(super) fn row_admits(&self, command: Command) -> bool {
        admits(self.state.kind(), Step::Command(command))
    }

    /// Whether what the state carries leaves `command`, where the table does.
    pub(super) fn leaves(&self, command: Command) -> bool {
        match command {
            Command::Update => self.state.leaves_edits(),
            Command::AddEvidence => self.state.leaves_evidence(),
            Command::Dispute => self.state.rejection().is_some_and(|rejection| rejection.dispute_window().is_some()),
            Command::ErasePersonalData => self.is_at_rest(),
            Command::Delete
            | Command::Submit
            | Command::Resubmit
            | Command::Withdraw
            | Command::RemoveEvidence
            | Command::Comment => true,
        }
    }

    /// The partner's commands that the state admits and what it carries rules out, each with the refusal.
    #[must_use]
    pub fn ruled_out(&self) -> Vec<(Command, Refusal)> {
        let ruled_out =
            |command: &Command| command.is_of(Party::Partner) && self.row_admits(*command) && !self.leaves(*command);
        let refusal = |command| match command {
            Command::Dispute => self.admit_dispute().err().unwrap_or_else(|| self.not_allowed(command)),
            Command::Update
            | Command::Delete
            | Command::Submit
            | Command::Resubmit
            | Command::Withdraw
            | Command::AddEvidence
            | Command::RemoveEvidence
            | Command::Comment
            | Command::ErasePersonalData => self.not_allowed(command),
        };
        Command::ALL.iter().copied().filter(ruled_out).map(|command| (command, refusal(command))).collect()
    }

    /// Refuses `command` unless the claim admits it.
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

    pub(super) fn not_allowed(&self, command: Command) -> Refusal {
        match self.state.kind() {
            Deleted => Refusal::NotFound,
            state @ (Editing | Submitted | UnderReview | PartnerActionRequired | Approved | Rejected | Disputed) => {
                Refusal::NotAllowed { state, command, allowed: self.allowed_commands(Party::Partner) }
            }
        }
    }
}
