//! The transition table (R15–R29): which state admits what, and where it leads. It is the one place that says so: the
//! guards of the transitions, the answer's `allowed_commands`, the refusals and what [`Claim::offers`] tells each party all read it.
use super::{
    Claim, Command, FactKind, Party, PartyMethod,
    StateKind::{self, Approved, Deleted, Disputed, Editing, PartnerActionRequired, Rejected, Submitted, UnderReview},
    Step,
};

/// Where a step leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The state stays.
    Same,
    /// The state becomes this one.
    State(StateKind),
    /// Back to where the reviewer asked: SUBMITTED, or DISPUTED.
    StateOfRequest,
    /// The state stays, or becomes REJECTED where the last line is lost.
    SameOrRejected,
}

/// One row of the table.
#[derive(Debug)]
pub struct TransitionRow {
    /// The rule that it follows.
    pub rule: &'static str,
    /// What happens.
    pub step: Step,
    /// Who brings it about, and how; nobody: time, or a service of its own accord.
    pub methods: &'static [PartyMethod],
    /// In which states it can happen.
    pub from: &'static [StateKind],
    /// Where it leads.
    pub target: Target,
}

const OPEN: &[StateKind] = &[Submitted, UnderReview, PartnerActionRequired, Disputed];
const OPEN_OR_APPROVED: &[StateKind] = &[Submitted, UnderReview, PartnerActionRequired, Disputed, Approved];
const SUBMITTED_OR_LATER: &[StateKind] = &[Submitted, UnderReview, PartnerActionRequired, Disputed, Approved, Rejected];
const ALL_BUT_DELETED: &[StateKind] =
    &[Editing, Submitted, UnderReview, PartnerActionRequired, Disputed, Approved, Rejected];
const MAY_BE_AT_REST: &[StateKind] = &[Deleted, Approved, Rejected];
const IN_REVIEW: &[StateKind] = &[UnderReview, Disputed];

const START_REVIEW: &[PartyMethod] = &[
    PartyMethod::of_reviewer("StartReview", Claim::is_assigned).only_for_own_case(),
    PartyMethod::of_lead("StartReview", Claim::is_unassigned),
];
const ASSIGN_REVIEWER: &[PartyMethod] = &[
    PartyMethod::of_lead("AssignReviewCase", Claim::awaits_review_start),
    PartyMethod::of_reviewer("TakeReviewCase", Claim::is_unassigned),
    PartyMethod::of_reviewer("ReleaseReviewCase", Claim::is_assigned).only_for_own_case(),
];
const ARBITRATE: &[PartyMethod] = &[PartyMethod::of_lead("ArbitrateLines", Claim::is_contested)];
const ERASE: &[PartyMethod] = &[PartyMethod::erase_personal_data(Party::Operator)];
const RESEND_NOTICE: &[PartyMethod] = &[
    PartyMethod::resend_notice(Party::Reviewer, Claim::awaits_customer),
    PartyMethod::resend_notice(Party::ReviewLead, Claim::awaits_customer),
    PartyMethod::resend_notice(Party::Operator, Claim::awaits_customer),
];

const fn command(
    rule: &'static str,
    command: Command,
    methods: &'static [PartyMethod],
    from: &'static [StateKind],
    target: Target,
) -> TransitionRow {
    TransitionRow { rule, step: Step::Command(command), methods, from, target }
}

const fn fact(
    rule: &'static str,
    fact: FactKind,
    methods: &'static [PartyMethod],
    from: &'static [StateKind],
    target: Target,
) -> TransitionRow {
    TransitionRow { rule, step: Step::Fact(fact), methods, from, target }
}

/// The table. What has no row is refused, or overtaken. A step has a row for each way that it leads. What a claim's policy or rejection
/// leaves less of than its state, [`State`](super::State) says.
pub const TABLE: &[TransitionRow] = &[
    command(
        "R17, R29",
        Command::Update,
        &[PartyMethod::of_partner("UpdateClaim")],
        &[Editing, Submitted, PartnerActionRequired],
        Target::Same,
    ),
    command("R17", Command::Delete, &[PartyMethod::of_partner("DeleteClaim")], &[Editing], Target::State(Deleted)),
    command("R18", Command::Submit, &[PartyMethod::of_partner("SubmitClaim")], &[Editing], Target::State(Submitted)),
    command(
        "R21",
        Command::Resubmit,
        &[PartyMethod::of_partner("ResubmitClaim")],
        &[PartnerActionRequired],
        Target::StateOfRequest,
    ),
    command(
        "R25",
        Command::Withdraw,
        &[PartyMethod::of_partner("WithdrawClaim")],
        OPEN_OR_APPROVED,
        Target::State(Rejected),
    ),
    command("R28", Command::Dispute, &[PartyMethod::of_partner("DisputeClaim")], &[Rejected], Target::State(Disputed)),
    command(
        "R28, R29",
        Command::AddEvidence,
        &[PartyMethod::of_partner("UploadEvidence")],
        &[Editing, Submitted, PartnerActionRequired, Approved, Rejected],
        Target::Same,
    ),
    command("R14", Command::RemoveEvidence, &[PartyMethod::of_partner("DeleteEvidence")], &[Editing], Target::Same),
    command(
        "R29",
        Command::Comment,
        &[
            PartyMethod::of_partner("CreateComment"),
            PartyMethod::create_comment(Party::Reviewer),
            PartyMethod::create_comment(Party::ReviewLead),
        ],
        ALL_BUT_DELETED,
        Target::Same,
    ),
    command("R56", Command::ErasePersonalData, ERASE, MAY_BE_AT_REST, Target::Same),
    fact("R19", FactKind::ReviewAssigned, ASSIGN_REVIEWER, OPEN, Target::Same),
    fact("R45", FactKind::ReviewOpened, &[], OPEN, Target::Same),
    fact("R19", FactKind::ReviewStarted, START_REVIEW, &[Submitted], Target::State(UnderReview)),
    fact("R28", FactKind::ReviewStarted, START_REVIEW, &[Disputed], Target::Same),
    fact(
        "R20",
        FactKind::PartnerActionRequested,
        &[PartyMethod::of_reviewer("RequestPartnerAction", Claim::awaits_decision).only_for_own_case()],
        IN_REVIEW,
        Target::State(PartnerActionRequired),
    ),
    fact("R48", FactKind::ResponseReminded, &[], &[PartnerActionRequired], Target::Same),
    fact("R48", FactKind::DisputeReminded, &[], &[Rejected], Target::Same),
    fact("R22", FactKind::ResponseDeadlinePassed, &[], &[PartnerActionRequired], Target::State(Rejected)),
    fact("R28", FactKind::DisputeWindowPassed, &[], &[Rejected], Target::Same),
    fact(
        "R23",
        FactKind::ReviewApproved,
        &[PartyMethod::of_reviewer("ApproveReviewCase", Claim::awaits_decision).only_for_own_case()],
        IN_REVIEW,
        Target::State(Approved),
    ),
    fact(
        "R24",
        FactKind::ReviewRejected,
        &[PartyMethod::of_reviewer("RejectReviewCase", Claim::awaits_decision).only_for_own_case()],
        IN_REVIEW,
        Target::State(Rejected),
    ),
    fact("R23", FactKind::ApprovalBegun, &[], IN_REVIEW, Target::Same),
    fact("R36", FactKind::ApprovalRefused, &[], IN_REVIEW, Target::Same),
    fact("R48", FactKind::ReviewReminded, &[], OPEN, Target::Same),
    fact("R45", FactKind::ReviewOverdue, &[], OPEN, Target::Same),
    fact("R56", FactKind::ReviewNoted, &[], SUBMITTED_OR_LATER, Target::Same),
    fact("R27a", FactKind::LinesAwarded, ARBITRATE, OPEN, Target::SameOrRejected),
    fact("R37", FactKind::LinesAwarded, ARBITRATE, &[Approved], Target::Same),
    fact("R37", FactKind::CompetitionChanged, &[], OPEN_OR_APPROVED, Target::Same),
    fact("R44", FactKind::NoticeResent, RESEND_NOTICE, OPEN_OR_APPROVED, Target::Same),
    fact("R41", FactKind::NoticeSettled, &[], OPEN_OR_APPROVED, Target::Same),
    fact("R41", FactKind::ConsentWindowOpened, &[], OPEN_OR_APPROVED, Target::Same),
    fact("R27", FactKind::ConsentWindowPassed, &[], &[Approved], Target::Same),
    fact(
        "R26a",
        FactKind::CustomerApproved,
        &[PartyMethod::of_customer("ApproveConsent", Claim::can_be_approved)],
        OPEN_OR_APPROVED,
        Target::Same,
    ),
    fact(
        "R26, R28",
        FactKind::CustomerDeclined,
        &[PartyMethod::of_customer("DeclineConsent", Claim::can_be_declined)],
        SUBMITTED_OR_LATER,
        Target::State(Rejected),
    ),
    fact("R27", FactKind::AssociationOfficial, &[], &[Approved], Target::Same),
    fact("R39", FactKind::AssociationEnded, &[], &[Approved, Rejected], Target::Same),
    fact("R52", FactKind::Assessed, &[], &[Approved], Target::Same),
];

/// Whether `state` admits `step`.
#[must_use]
pub fn admits(state: StateKind, step: Step) -> bool {
    TABLE.iter().any(|row| row.step == step && row.from.contains(&state))
}

impl Command {
    /// Whether `party` can give it at all.
    pub(super) fn is_available_to(self, party: Party) -> bool {
        let rows = TABLE.iter().filter(|row| row.step == Step::Command(self));
        rows.flat_map(|row| row.methods).any(|method| method.party() == party)
    }

    /// The method for it, `cpor.claims.v1.ClaimService/SubmitClaim`.
    #[must_use]
    pub fn method(self) -> String {
        let row = TABLE.iter().find(|row| row.step == Step::Command(self));
        row.and_then(|row| row.methods.first()).map(PartyMethod::path).unwrap_or_default()
    }
}
