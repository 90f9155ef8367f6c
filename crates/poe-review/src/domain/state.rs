//! The states of a case, with the data of each state.
//!
//! A *line* is the part of a claim that is about one workload or subscription of the tenant (its
//! *key*). The registry service *holds* a line by reserving its key for the claim's partner.
use super::Phase;
use cpor_types::{Actor, DecisionId, FurtherRejectionReason, LineId, PartnerActionReason, PrimaryRejectionReason};
use serde::{Deserialize, Serialize};

/// The state of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The case waits for the start of its review, with or without a reviewer.
    Waiting,
    /// The reviewer examines the claim.
    UnderReview,
    /// The case waits for the partner's resubmission.
    PartnerActionRequired(PartnerAction),
    /// The reviewer has approved, and the registry is being asked to hold the lines.
    Approving(Approval),
    /// The case is approved, and the registry holds its lines.
    Approved(Approval),
    /// The reviewer has rejected the claim.
    Rejected(Rejection),
    /// The claim was closed without a reviewer's decision, or a review lead awarded its last line
    /// to a competing claim.
    Closed(CaseClosure),
}

/// A reviewer's request for partner action (R20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerAction {
    /// The reasons of the request; at least one.
    pub reasons: Vec<PartnerActionReason>,
    /// The comment to the partner; not blank.
    pub comment: String,
    /// The lines that the reviewer asks the partner to remove (R30).
    pub remove_lines: Vec<LineId>,
}

/// A reviewer's decision to approve (R23).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The id of the request to the registry, which gives one answer per id.
    pub decision_id: DecisionId,
    /// The comment to the partner; may be empty.
    pub comment: String,
    /// The reviewer who approved. The command that completes the approval, possibly in another
    /// replica, is recorded with this actor as its author.
    pub actor: Actor,
}

/// A reviewer's decision to reject (R24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The primary reason (R31).
    pub primary_reason: PrimaryRejectionReason,
    /// Further reasons (R32).
    pub further_reasons: Vec<FurtherRejectionReason>,
    /// The comment to the partner; not blank.
    pub comment: String,
}

/// The data of a case in the state [`State::Closed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseClosure {
    /// The primary reason why the claim was closed (R31).
    pub primary_reason: PrimaryRejectionReason,
}

/// The registry's refusal to hold a line, or the whole claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRefusal {
    /// The refused line. `None` if the refusal is about the whole claim.
    pub line_id: Option<LineId>,
    /// The registry's stable reason, for example `KEY_HELD`.
    pub reason: String,
    /// A description of the reason for people. It never reveals the company that holds the key.
    pub description: String,
}

impl State {
    /// Returns the state without its data.
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
