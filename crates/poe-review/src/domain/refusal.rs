//! Why a command is refused.
use super::{CommandKind, Phase};
use cpor_types::LineId;

/// A typed refusal. `api/error.rs` maps each to a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such case.
    NotFound,
    /// The case's state does not admit the command (R15).
    CommandNotAllowed {
        /// Where the case stands.
        phase: Phase,
        /// What was asked.
        command: CommandKind,
        /// What the caller could do instead.
        allowed: Vec<CommandKind>,
    },
    /// The case belongs to another reviewer, or to nobody yet.
    NotCaseReviewer,
    /// The case has a reviewer already.
    AlreadyAssigned,
    /// A request for partner action names no reason (R20).
    ReasonMissing,
    /// The primary reason of a rejection is not open to reviewers (R31).
    ReasonNotOpen,
    /// A request for partner action or a rejection says nothing to the partner (R20, R24).
    CommentMissing,
    /// A request for partner action names lines that the claim does not have (R30).
    LinesUnknown(Vec<LineId>),
    /// A request for partner action asks for every line to be removed (R29).
    NoLineLeft,
    /// A note says nothing (R55).
    NoteEmpty,
}
