//! The reasons why the domain refuses a command. A *line* is the part of a claim that is about one
//! workload or subscription.
use super::{CommandKind, Phase};
use cpor_types::LineId;

/// The reason why a command is refused. `api/error.rs` maps each reason to a gRPC status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The case does not exist.
    NotFound,
    /// The state of the case does not allow the command (R15).
    CommandNotAllowed {
        /// The phase of the case.
        phase: Phase,
        /// The refused command.
        command: CommandKind,
        /// The commands that the caller may give in this phase.
        allowed: Vec<CommandKind>,
    },
    /// The caller is neither the assigned reviewer nor a review lead.
    NotCaseReviewer,
    /// The case already has a reviewer.
    AlreadyAssigned,
    /// A request for partner action has no reason (R20).
    ReasonMissing,
    /// Reviewers may not give this primary reason for a rejection (R31).
    ReasonNotOpen,
    /// A statement cannot be requested. This needs an approved case that is contested (another
    /// company claims the same workload or subscription, R37a), or an open case that competes with
    /// a legacy association (recorded before claims existed, R58a), and no earlier request that is
    /// open.
    StatementNotPossible,
    /// A request to the partner (R20, R37a) or a rejection (R24) has no comment for the partner.
    CommentMissing,
    /// A request for partner action contains lines that the claim does not have (R30).
    LinesUnknown(Vec<LineId>),
    /// A request for partner action would remove every line of the claim (R29).
    NoLineLeft,
    /// A note has no text (R55).
    NoteEmpty,
}
