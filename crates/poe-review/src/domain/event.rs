//! What happened to a case. What other services must know of it is derived in `outgoing.rs`.
use super::{Approval, ClockKind, LineRefusal, Rejection};
use cpor_types::{DecisionId, PartnerActionReason, PrimaryRejection};

/// A domain event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseEvent {
    /// A claim came in (R18).
    Opened,
    /// The partner answered (R21).
    Resubmitted,
    /// The case found its reviewer, or lost it (R19).
    Assigned {
        /// The reviewer's subject; nobody after a release.
        reviewer: Option<String>,
    },
    /// The review began (R19).
    Started {
        /// The case's reviewer.
        reviewer: String,
    },
    /// The partner must act (R20).
    PartnerActionRequested {
        /// Why; at least one.
        reasons: Vec<PartnerActionReason>,
        /// What the partner should read.
        comment: String,
    },
    /// The reviewer approved; the lines are about to be held.
    ApprovalBegun {
        /// The decision that the hold is placed under.
        decision_id: DecisionId,
    },
    /// Every line is held (R23).
    Approved(Approval),
    /// A line could not be held (R36), or the directory no longer admits one (R12).
    ApprovalRefused {
        /// The decision that was refused.
        decision_id: DecisionId,
        /// Which lines, and why.
        refusals: Vec<LineRefusal>,
    },
    /// The reviewer rejected (R24).
    Rejected(Rejection),
    /// A clock passed (R45).
    Overdue {
        /// Which.
        clock: ClockKind,
    },
    /// The claim was closed from outside (R45).
    Closed {
        /// The claim's primary reason (R31), as claim-intake told it.
        primary_reason: PrimaryRejection,
    },
}
