//! Where a case stands, with what it knows there.
use super::Phase;
use cpor_types::{Actor, DecisionId, FurtherRejection, LineId, PartnerActionReason, PrimaryRejection};
use serde::{Deserialize, Serialize};

/// The state of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Waits for its start, with or without a reviewer.
    Waiting,
    /// Its reviewer works on it.
    UnderReview,
    /// Waits for the partner.
    PartnerActionRequired(PartnerAction),
    /// The reviewer approved; the lines are being held.
    Approving(Approval),
    /// Approved.
    Approved(Approval),
    /// Rejected by the reviewer.
    Rejected(Rejection),
    /// Closed from outside.
    Closed(Closing),
}

/// What the partner was asked for (R20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerAction {
    /// Why; at least one.
    pub reasons: Vec<PartnerActionReason>,
    /// What the partner should read.
    pub comment: String,
    /// Lines that the reviewer asks to be removed (R30).
    pub remove_lines: Vec<LineId>,
}

/// A reviewer's decision to approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The registry holds the lines under this id; placing them again under it gets the first answer.
    pub decision_id: DecisionId,
    /// What the partner should read; may be empty.
    pub comment: String,
    /// Who approved: whoever completes the approval does it in this name.
    pub by: Actor,
}

/// A reviewer's decision to reject (R24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The primary reason (R31).
    pub primary_reason: PrimaryRejection,
    /// Further reasons (R32).
    pub further_reasons: Vec<FurtherRejection>,
    /// What the partner should read.
    pub comment: String,
}

/// Why the case was closed without a reviewer's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// The claim's primary reason (R31).
    pub primary_reason: PrimaryRejection,
}

/// Why a line could not be held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRefusal {
    /// The line; none when the whole claim is meant.
    pub line_id: Option<LineId>,
    /// The registry's stable reason, such as `KEY_HELD`.
    pub reason: String,
    /// The same in words; never who holds it.
    pub description: String,
}

impl State {
    /// The state without its data.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match self {
            Self::Waiting => Phase::Waiting,
            Self::UnderReview => Phase::UnderReview,
            Self::PartnerActionRequired(_) => Phase::PartnerActionRequired,
            Self::Approving(_) => Phase::Approving,
            Self::Approved(_) => Phase::Approved,
            Self::Rejected(_) => Phase::Rejected,
            Self::Closed(_) => Phase::Closed,
        }
    }
}
