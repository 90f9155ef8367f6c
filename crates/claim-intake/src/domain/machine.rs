//! The transition table (R15–R29): which state admits what, and where it leads. It is the one place that says so: the
//! guards of the transitions, the answer's `allowed_commands`, the refusals and what [`Claim::offers`] tells each party all read it.
use super::{
    By, Claim, Command, FactKind, Party,
    StateKind::{self, Approved, Deleted, Disputed, Editing, PartnerActionRequired, Rejected, Submitted, UnderReview},
    Step,
};

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

impl Command {
    /// Whether `party` can give it at all.
    pub(super) fn is_of(self, party: Party) -> bool {
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
