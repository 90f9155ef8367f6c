//! The one table of who may do what to a case, where: it drives the guards, `allowed_commands` and the docs.
use super::{Refusal, ReviewCase};

/// A state of a case without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Waits for its start, with or without a reviewer.
    Waiting,
    /// Its reviewer works on it.
    UnderReview,
    /// Waits for the partner.
    PartnerActionRequired,
    /// The reviewer approved; the lines are being held.
    Approving,
    /// Approved.
    Approved,
    /// Rejected by the reviewer.
    Rejected,
    /// Closed from outside.
    Closed,
}

impl Phase {
    /// Every state, in the order of a case's life.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::UnderReview,
        Self::PartnerActionRequired,
        Self::Approving,
        Self::Approved,
        Self::Rejected,
        Self::Closed,
    ];

    /// The word that storage and errors carry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::UnderReview => "under_review",
            Self::PartnerActionRequired => "partner_action_required",
            Self::Approving => "approving",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Closed => "closed",
        }
    }

    /// Whether the case is approved: its lines are held, until they are over.
    #[must_use]
    pub const fn is_approved(self) -> bool {
        match self {
            Self::Approved => true,
            Self::Waiting
            | Self::UnderReview
            | Self::PartnerActionRequired
            | Self::Approving
            | Self::Rejected
            | Self::Closed => false,
        }
    }

    /// Whether work is left: the case's clocks may run.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Waiting | Self::UnderReview | Self::PartnerActionRequired | Self::Approving => true,
            Self::Approved | Self::Rejected | Self::Closed => false,
        }
    }
}

/// A command of a person, without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommandKind {
    /// Give the case to a reviewer.
    Assign,
    /// Take an unassigned case.
    Take,
    /// Give it back to the queue.
    Release,
    /// Start the review.
    Start,
    /// Ask the partner for something.
    RequestPartnerAction,
    /// Approve.
    Approve,
    /// Reject.
    Reject,
}

impl CommandKind {
    /// Every command, in the order of the contract.
    pub const ALL: [Self; 7] =
        [Self::Assign, Self::Take, Self::Release, Self::Start, Self::RequestPartnerAction, Self::Approve, Self::Reject];

    /// The word that errors and logs carry.
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
        }
    }
}

/// How a caller stands to a case. "Reviewer" in the rules is the case's own, or any lead (R5, R15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// The reviewer whom the case is assigned to.
    Own,
    /// A review lead, whoever has the case.
    Lead,
    /// Another reviewer.
    Other,
}

/// Who may give a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Leads only.
    Lead,
    /// The case's reviewer, or a lead.
    CaseReviewer,
    /// Any reviewer, or a lead.
    Anyone,
}

impl Who {
    const fn admits(self, standing: Standing) -> bool {
        match (self, standing) {
            (Self::Anyone, Standing::Own | Standing::Lead | Standing::Other)
            | (Self::CaseReviewer, Standing::Own | Standing::Lead)
            | (Self::Lead, Standing::Lead) => true,
            (Self::CaseReviewer, Standing::Other) | (Self::Lead, Standing::Own | Standing::Other) => false,
        }
    }
}

/// What must be true of the case beside its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// Somebody has the case.
    Reviewer,
    /// Nobody has the case.
    NoReviewer,
}

impl Needs {
    fn met(self, case: &ReviewCase) -> bool {
        match self {
            Self::Nothing => true,
            Self::Reviewer => case.reviewer.is_some(),
            Self::NoReviewer => case.reviewer.is_none(),
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Where the case stands.
    pub from: Phase,
    /// What is asked.
    pub command: CommandKind,
    /// Who may ask.
    pub who: Who,
    /// What must be true of the case beside its state.
    pub needs: Needs,
    /// Where the command leads.
    pub to: Phase,
    /// The rule that says so.
    pub rule: &'static str,
}

const fn row(from: Phase, command: CommandKind, who: Who, needs: Needs, to: Phase, rule: &'static str) -> Row {
    Row { from, command, who, needs, to, rule }
}

/// What has no row here is refused (R15).
pub const TABLE: [Row; 8] = [
    row(Phase::Waiting, CommandKind::Assign, Who::Lead, Needs::Nothing, Phase::Waiting, "R19"),
    row(Phase::Waiting, CommandKind::Take, Who::Anyone, Needs::NoReviewer, Phase::Waiting, "R19"),
    row(Phase::Waiting, CommandKind::Release, Who::CaseReviewer, Needs::Reviewer, Phase::Waiting, "R19"),
    row(Phase::Waiting, CommandKind::Start, Who::CaseReviewer, Needs::Nothing, Phase::UnderReview, "R19"),
    row(
        Phase::UnderReview,
        CommandKind::RequestPartnerAction,
        Who::CaseReviewer,
        Needs::Nothing,
        Phase::PartnerActionRequired,
        "R20",
    ),
    row(Phase::UnderReview, CommandKind::Approve, Who::CaseReviewer, Needs::Nothing, Phase::Approving, "R23"),
    row(Phase::UnderReview, CommandKind::Reject, Who::CaseReviewer, Needs::Nothing, Phase::Rejected, "R24"),
    // Joins the approval that is under way.
    row(Phase::Approving, CommandKind::Approve, Who::CaseReviewer, Needs::Nothing, Phase::Approving, "R23"),
];

impl ReviewCase {
    /// What a caller of this standing can do to the case now.
    #[must_use]
    pub fn allowed_commands(&self, standing: Standing) -> Vec<CommandKind> {
        let admitted = |row: &&Row| row.from == self.phase() && row.who.admits(standing) && row.needs.met(self);
        TABLE.iter().filter(admitted).map(|row| row.command).collect()
    }

    /// Lets the command through to the state that it leads to, or says why not: state first, then person, then
    /// what else it needs.
    ///
    /// # Errors
    /// [`Refusal::CommandNotAllowed`], [`Refusal::NotCaseReviewer`], [`Refusal::AlreadyAssigned`].
    pub(super) fn admit(&self, command: CommandKind, standing: Standing) -> Result<Phase, Refusal> {
        let phase = self.phase();
        let not_allowed = || Refusal::CommandNotAllowed { phase, command, allowed: self.allowed_commands(standing) };
        let row = TABLE.iter().find(|row| row.from == phase && row.command == command).ok_or_else(not_allowed)?;
        if !row.who.admits(standing) {
            return Err(Refusal::NotCaseReviewer);
        }
        match (row.needs, row.needs.met(self)) {
            (Needs::Nothing | Needs::Reviewer | Needs::NoReviewer, true) => Ok(row.to),
            (Needs::NoReviewer, false) => Err(Refusal::AlreadyAssigned),
            (Needs::Nothing | Needs::Reviewer, false) => Err(not_allowed()),
        }
    }
}
