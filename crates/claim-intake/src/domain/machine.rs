//! The transition table of a claim (R15 to R29): which state allows which command or fact, and
//! which state follows. A *fact* is a report of another service, or a deadline that passed. A
//! *line* is the part of a claim that is about one workload or subscription of the customer. A
//! *notice* is a mail to the customer contact about the claim. A *policy profile* is a versioned
//! set of values that the business rules leave open (R61).
//!
//! The table is the only source of this information. The guards of the transitions, the
//! refusals, the `allowed_commands` of the API's `Claim` and the allowed methods of each party
//! (R60) are all derived from it.
use super::{
    Claim,
    ClaimStateKind::{
        self, Approved, Deleted, Disputed, Editing, PartnerActionRequired, Rejected, Submitted, UnderReview,
    },
    Command, FactKind, Party, PartyMethod, Step,
};

/// The state that follows a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The state does not change.
    Same,
    /// The claim changes to this state.
    State(ClaimStateKind),
    /// The claim returns to the state in which the reviewer requested partner action: SUBMITTED or
    /// DISPUTED.
    StateOfRequest,
    /// The state does not change, or becomes REJECTED when the claim loses its last line.
    SameOrRejected,
}

/// One row of the transition table.
#[derive(Debug)]
pub struct TransitionRow {
    /// The numbers of the business rules that the row implements, separated by commas, for example
    /// `R18`.
    pub rule: &'static str,
    /// The command or fact.
    pub step: Step,
    /// The gRPC methods by which a party causes the step. Empty when time causes the step, or when
    /// a service reports it without a call by a party.
    pub methods: &'static [PartyMethod],
    /// The states that allow the step.
    pub from: &'static [ClaimStateKind],
    /// The state that follows.
    pub target: Target,
}

/// The states in which the review of the claim has not ended.
const OPEN: &[ClaimStateKind] = &[Submitted, UnderReview, PartnerActionRequired, Disputed];
/// The states in which the claim is open for review or approved.
const OPEN_OR_APPROVED: &[ClaimStateKind] = &[Submitted, UnderReview, PartnerActionRequired, Disputed, Approved];
/// The states of a claim that was submitted.
const SUBMITTED_OR_LATER: &[ClaimStateKind] =
    &[Submitted, UnderReview, PartnerActionRequired, Disputed, Approved, Rejected];
/// All states except the one of a deleted draft.
const ALL_BUT_DELETED: &[ClaimStateKind] =
    &[Editing, Submitted, UnderReview, PartnerActionRequired, Disputed, Approved, Rejected];
/// The states in which a claim may no longer need its personal data. In APPROVED and REJECTED this
/// also depends on the data of the state: see `Claim::is_at_rest`.
const MAY_BE_AT_REST: &[ClaimStateKind] = &[Deleted, Approved, Rejected];
/// The states in which a reviewer can decide. A disputed claim stays DISPUTED during the review.
const IN_REVIEW: &[ClaimStateKind] = &[UnderReview, Disputed];

/// The methods that start a review.
const START_REVIEW: &[PartyMethod] = &[
    PartyMethod::of_reviewer("StartReview", Claim::is_assigned).only_for_own_case(),
    PartyMethod::of_review_lead("StartReview", Claim::is_unassigned),
];
/// The methods that change the reviewer of a case.
const ASSIGN_REVIEWER: &[PartyMethod] = &[
    PartyMethod::of_review_lead("AssignReviewCase", Claim::awaits_review_start),
    PartyMethod::of_reviewer("TakeReviewCase", Claim::is_unassigned),
    PartyMethod::of_reviewer("ReleaseReviewCase", Claim::is_assigned).only_for_own_case(),
];
/// The method by which a review lead decides which company gets a line that several claim.
const ARBITRATE: &[PartyMethod] = &[PartyMethod::of_review_lead("ArbitrateLines", Claim::is_contested)];
/// The method that erases personal data.
const ERASE: &[PartyMethod] = &[PartyMethod::erase_personal_data(Party::Operator)];
/// The methods that send a notice to the customer again.
const RESEND_NOTICE: &[PartyMethod] = &[
    PartyMethod::resend_notice(Party::Reviewer, Claim::awaits_customer),
    PartyMethod::resend_notice(Party::ReviewLead, Claim::awaits_customer),
    PartyMethod::resend_notice(Party::Operator, Claim::awaits_customer),
];

/// The method that records that a notice bounced after it was accepted.
const RECORD_BOUNCE: &[PartyMethod] = &[PartyMethod::record_bounce(Party::Operator, Claim::has_accepted_notice)];

/// The method by which a reviewer confirms the customer contact.
const CONFIRM_CONTACT: &[PartyMethod] =
    &[PartyMethod::of_reviewer("ConfirmCustomerContact", Claim::can_confirm_contact).only_for_own_case()];

/// Returns the row of a command.
const fn command(
    rule: &'static str,
    command: Command,
    methods: &'static [PartyMethod],
    from: &'static [ClaimStateKind],
    target: Target,
) -> TransitionRow {
    TransitionRow { rule, step: Step::Command(command), methods, from, target }
}

/// Returns the row of a fact.
const fn fact(
    rule: &'static str,
    fact: FactKind,
    methods: &'static [PartyMethod],
    from: &'static [ClaimStateKind],
    target: Target,
) -> TransitionRow {
    TransitionRow { rule, step: Step::Fact(fact), methods, from, target }
}

/// The transition table. A command without a row for the current state is refused. A fact without a
/// row is recorded as *overtaken*: it came too late and changes nothing. A step has one row for
/// each [`Target`]. [`Command`] and [`FactKind`] describe the steps.
///
/// The data of a state can restrict a step further, for example by the policy profile or by the
/// kind of rejection: see [`Claim::allows`].
pub const TABLE: &[TransitionRow] = &[
    command(
        "R17, R29, R29a",
        Command::Update,
        &[PartyMethod::of_partner("UpdateClaim")],
        &[Editing, Submitted, PartnerActionRequired, Approved],
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
    command(
        "R54b",
        Command::DeclinePayment,
        &[PartyMethod::of_partner("DeclinePayment")],
        OPEN_OR_APPROVED,
        Target::Same,
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
    fact(
        "R37a",
        FactKind::StatementRequested,
        &[PartyMethod::of_reviewer("RequestStatement", Claim::statement_can_be_requested)],
        &[Approved],
        Target::Same,
    ),
    fact("R48", FactKind::StatementReminded, &[], &[Approved], Target::Same),
    fact("R37a", FactKind::StatementDeadlinePassed, &[], &[Approved], Target::Same),
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
    // A reviewer's approval is complete when the registry has reserved the lines for the claim.
    // ApprovalBegun is reported before the registry answers; then ReviewApproved or
    // ApprovalRefused.
    fact("R23", FactKind::ApprovalBegun, &[], IN_REVIEW, Target::Same),
    fact("R36", FactKind::ApprovalRefused, &[], IN_REVIEW, Target::Same),
    fact("R48", FactKind::ReviewReminded, &[], OPEN, Target::Same),
    fact("R45", FactKind::ReviewOverdue, &[], OPEN, Target::Same),
    fact("R43a", FactKind::ContactConfirmed, CONFIRM_CONTACT, OPEN_OR_APPROVED, Target::Same),
    fact("R56", FactKind::ReviewNoted, &[], SUBMITTED_OR_LATER, Target::Same),
    fact("R27a", FactKind::LinesAwarded, ARBITRATE, OPEN, Target::SameOrRejected),
    fact("R37", FactKind::LinesAwarded, ARBITRATE, &[Approved], Target::Same),
    fact("R37", FactKind::CompetitionChanged, &[], OPEN_OR_APPROVED, Target::Same),
    fact("R44", FactKind::NoticeResent, RESEND_NOTICE, OPEN_OR_APPROVED, Target::Same),
    // The customer's mail system accepted a notice, or the notice bounced.
    fact("R41, R41b", FactKind::NoticeReported, RECORD_BOUNCE, OPEN_OR_APPROVED, Target::Same),
    fact("R41", FactKind::ConsentWindowOpened, &[], OPEN_OR_APPROVED, Target::Same),
    fact("R41b", FactKind::ConsentWindowStopped, &[], &[Approved], Target::Same),
    fact("R48", FactKind::DeliveryReminded, &[], &[Approved], Target::Same),
    fact("R41a", FactKind::CustomerNotReached, &[], &[Approved], Target::State(Rejected)),
    fact("R27", FactKind::ConsentWindowPassed, &[], &[Approved], Target::Same),
    fact(
        "R26a",
        FactKind::CustomerApproved,
        &[PartyMethod::of_customer("ApproveConsent", Claim::customer_can_approve)],
        OPEN_OR_APPROVED,
        Target::Same,
    ),
    fact(
        "R26, R28",
        FactKind::CustomerDeclined,
        &[PartyMethod::of_customer("DeclineConsent", Claim::customer_can_decline)],
        SUBMITTED_OR_LATER,
        Target::State(Rejected),
    ),
    fact("R56", FactKind::ConsentEnded, &[], &[Approved], Target::Same),
    fact("R27", FactKind::AssociationOfficial, &[], &[Approved], Target::Same),
    fact("R39", FactKind::AssociationEnded, &[], &[Approved, Rejected], Target::Same),
    fact("R52", FactKind::Assessed, &[], &[Approved], Target::Same),
];

/// Returns whether the table has a row for `step` in `state`.
#[must_use]
pub fn allows(state: ClaimStateKind, step: Step) -> bool {
    TABLE.iter().any(|row| row.step == step && row.from.contains(&state))
}

impl Command {
    /// Returns whether `party` can execute this command in at least one state.
    pub(super) fn is_available_to(self, party: Party) -> bool {
        let rows = TABLE.iter().filter(|row| row.step == Step::Command(self));
        rows.flat_map(|row| row.methods).any(|method| method.party() == party)
    }

    /// Returns the gRPC method of the command, for example
    /// `cpor.claims.v1.ClaimService/SubmitClaim`.
    #[must_use]
    pub fn method(self) -> String {
        let row = TABLE.iter().find(|row| row.step == Step::Command(self));
        row.and_then(|row| row.methods.first()).map(PartyMethod::path).unwrap_or_default()
    }
}
