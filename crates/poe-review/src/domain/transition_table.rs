//! The transition table: which command is allowed in which phase of a case, for which role. Every
//! command is checked against it, and the field `allowed_commands` of the API is derived from it.
use super::{Phase, Refusal, ReviewCase};

/// A command of a reviewer or review lead, without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommandKind {
    /// Assign the case to a reviewer.
    Assign,
    /// Take an unassigned case.
    Take,
    /// Remove the assignment, so that other reviewers can take the case.
    Release,
    /// Start the review.
    Start,
    /// Ask the partner to change and resubmit the claim.
    RequestPartnerAction,
    /// Approve the claim.
    Approve,
    /// Reject the claim.
    Reject,
    /// Request a statement about contested lines (workloads or subscriptions that another company
    /// claims too) from the company that holds them (R37a, R58a).
    RequestStatement,
    /// Confirm that the customer contact can decide for the tenant (R43a).
    ConfirmContact,
}

impl CommandKind {
    /// All commands, in the order of the API.
    pub const ALL: [Self; 9] = [
        Self::Assign,
        Self::Take,
        Self::Release,
        Self::Start,
        Self::RequestPartnerAction,
        Self::Approve,
        Self::Reject,
        Self::RequestStatement,
        Self::ConfirmContact,
    ];

    /// Returns the stable name that error messages and logs use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Take => "take",
            Self::Release => "release",
            Self::Start => "start",
            Self::RequestPartnerAction => "request_partner_action",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::RequestStatement => "request_statement",
            Self::ConfirmContact => "confirm_customer_contact",
        }
    }
}

/// The role of a caller with respect to one case (R5, R15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaseRole {
    /// The reviewer whom the case is assigned to.
    AssignedReviewer,
    /// A review lead, whether the case is assigned to this person or not.
    Lead,
    /// A reviewer whom the case is not assigned to.
    OtherReviewer,
}

/// The role that a command requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredRole {
    /// A review lead.
    Lead,
    /// The assigned reviewer or a review lead.
    CaseReviewer,
    /// Any reviewer or review lead.
    AnyReviewer,
}

impl RequiredRole {
    /// Returns whether a caller with this role meets the requirement.
    const fn includes(self, role: CaseRole) -> bool {
        match (self, role) {
            (Self::AnyReviewer, CaseRole::AssignedReviewer | CaseRole::Lead | CaseRole::OtherReviewer)
            | (Self::CaseReviewer, CaseRole::AssignedReviewer | CaseRole::Lead)
            | (Self::Lead, CaseRole::Lead) => true,
            (Self::CaseReviewer, CaseRole::OtherReviewer)
            | (Self::Lead, CaseRole::AssignedReviewer | CaseRole::OtherReviewer) => false,
        }
    }
}

/// The assignment of the case that a command requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssigneeGuard {
    /// The case may have a reviewer or not.
    None,
    /// The case must have a reviewer.
    Assigned,
    /// The case must not have a reviewer.
    Unassigned,
}

impl AssigneeGuard {
    fn is_met_by(self, case: &ReviewCase) -> bool {
        match self {
            Self::None => true,
            Self::Assigned => case.reviewer.is_some(),
            Self::Unassigned => case.reviewer.is_none(),
        }
    }
}

/// A row of the transition table.
#[derive(Clone, Copy, Debug)]
pub struct TransitionRow {
    /// The phase of the case before the command.
    pub from: Phase,
    /// The command that this row allows.
    pub command: CommandKind,
    /// The role that the caller must have.
    pub required_role: RequiredRole,
    /// The required assignment of the case.
    pub guard: AssigneeGuard,
    /// The phase of the case after the command.
    pub to: Phase,
    /// The number of the rule that this row implements, for example `R19`.
    pub rule: &'static str,
}

/// Builds a row of the transition table.
const fn row(
    from: Phase,
    command: CommandKind,
    required_role: RequiredRole,
    guard: AssigneeGuard,
    to: Phase,
    rule: &'static str,
) -> TransitionRow {
    TransitionRow { from, command, required_role, guard, to, rule }
}

/// Builds the row of a request for a statement, which does not change the phase. Any reviewer may
/// ask, because the statement also matters for the review of the competing case.
const fn statement_row(phase: Phase, rule: &'static str) -> TransitionRow {
    row(phase, CommandKind::RequestStatement, RequiredRole::AnyReviewer, AssigneeGuard::None, phase, rule)
}

/// Builds the row for the confirmation of the customer contact, which does not change the phase. It
/// is possible while the case is open or approved, except while the registry is asked to hold the
/// lines ([`Phase::Approving`]).
const fn confirm_contact(phase: Phase) -> TransitionRow {
    row(phase, CommandKind::ConfirmContact, RequiredRole::CaseReviewer, AssigneeGuard::None, phase, "R43a")
}

/// The transitions that commands cause. A command is refused in a phase without a row for it (R15).
pub const TRANSITION_TABLE: [TransitionRow; 16] = [
    row(Phase::Waiting, CommandKind::Assign, RequiredRole::Lead, AssigneeGuard::None, Phase::Waiting, "R19"),
    row(Phase::Waiting, CommandKind::Take, RequiredRole::AnyReviewer, AssigneeGuard::Unassigned, Phase::Waiting, "R19"),
    row(
        Phase::Waiting,
        CommandKind::Release,
        RequiredRole::CaseReviewer,
        AssigneeGuard::Assigned,
        Phase::Waiting,
        "R19",
    ),
    row(Phase::Waiting, CommandKind::Start, RequiredRole::CaseReviewer, AssigneeGuard::None, Phase::UnderReview, "R19"),
    row(
        Phase::UnderReview,
        CommandKind::RequestPartnerAction,
        RequiredRole::CaseReviewer,
        AssigneeGuard::None,
        Phase::PartnerActionRequired,
        "R20",
    ),
    row(
        Phase::UnderReview,
        CommandKind::Approve,
        RequiredRole::CaseReviewer,
        AssigneeGuard::None,
        Phase::Approving,
        "R23",
    ),
    row(
        Phase::UnderReview,
        CommandKind::Reject,
        RequiredRole::CaseReviewer,
        AssigneeGuard::None,
        Phase::Rejected,
        "R24",
    ),
    statement_row(Phase::Approved, "R37a"),
    statement_row(Phase::Waiting, "R58a"),
    statement_row(Phase::UnderReview, "R58a"),
    statement_row(Phase::PartnerActionRequired, "R58a"),
    // A second approval does not send another request to the registry. Its caller gets the result
    // of the pending one.
    row(
        Phase::Approving,
        CommandKind::Approve,
        RequiredRole::CaseReviewer,
        AssigneeGuard::None,
        Phase::Approving,
        "R23",
    ),
    confirm_contact(Phase::Waiting),
    confirm_contact(Phase::UnderReview),
    confirm_contact(Phase::PartnerActionRequired),
    confirm_contact(Phase::Approved),
];

impl ReviewCase {
    /// Returns the commands that a caller with this role may give to the case now.
    #[must_use]
    pub fn allowed_commands(&self, role: CaseRole) -> Vec<CommandKind> {
        let is_allowed = |row: &&TransitionRow| {
            let is_needed = row.command != CommandKind::ConfirmContact || !self.snapshot.customer_contact.authorized;
            row.from == self.phase() && row.required_role.includes(role) && row.guard.is_met_by(self) && is_needed
        };
        let is_possible = |command: &CommandKind| *command != CommandKind::RequestStatement || self.allows_statement();
        TRANSITION_TABLE.iter().filter(is_allowed).map(|row| row.command).filter(is_possible).collect()
    }

    /// Checks that a command is allowed, and returns the phase that it leads to. The phase of the
    /// case is checked first, then the role of the caller, then the assignment.
    ///
    /// # Errors
    /// Returns [`Refusal::CommandNotAllowed`], [`Refusal::NotCaseReviewer`] or
    /// [`Refusal::AlreadyAssigned`].
    pub(super) fn authorize(&self, command: CommandKind, role: CaseRole) -> Result<Phase, Refusal> {
        let phase = self.phase();
        let not_allowed = || Refusal::CommandNotAllowed { phase, command, allowed: self.allowed_commands(role) };
        let mut rows = TRANSITION_TABLE.iter();
        let row = rows.find(|row| row.from == phase && row.command == command).ok_or_else(not_allowed)?;
        if !row.required_role.includes(role) {
            return Err(Refusal::NotCaseReviewer);
        }
        match (row.guard, row.guard.is_met_by(self)) {
            (AssigneeGuard::None | AssigneeGuard::Assigned | AssigneeGuard::Unassigned, true) => Ok(row.to),
            (AssigneeGuard::Unassigned, false) => Err(Refusal::AlreadyAssigned),
            (AssigneeGuard::None | AssigneeGuard::Assigned, false) => Err(not_allowed()),
        }
    }
}
