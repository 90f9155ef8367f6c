//! Where a claim stands (R15), each state with what only it has.
use super::words;
use cpor_types::{
    CaseId, Deadline, FurtherRejection, PartnerActionReason, PolicyId, PrimaryRejection, TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};

/// The state of a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A draft.
    Editing,
    /// A draft that its partner deleted: it is history only.
    Deleted,
    /// Waits for a reviewer to start.
    Submitted(Submission),
    /// A reviewer works on it.
    UnderReview(Submission),
    /// The reviewer asked the partner for something.
    PartnerActionRequired(Submission, PartnerAction),
    /// Approved.
    Approved(Submission, Association),
    /// Rejected.
    Rejected(Submission, Rejection),
}

words! {
    /// A state without its data: what the transition table speaks of.
    StateKind {
        /// See [`State::Editing`].
        Editing = "EDITING",
        /// See [`State::Deleted`].
        Deleted = "DELETED",
        /// See [`State::Submitted`].
        Submitted = "SUBMITTED",
        /// See [`State::UnderReview`].
        UnderReview = "UNDER_REVIEW",
        /// See [`State::PartnerActionRequired`].
        PartnerActionRequired = "PARTNER_ACTION_REQUIRED",
        /// See [`State::Approved`].
        Approved = "APPROVED",
        /// See [`State::Rejected`].
        Rejected = "REJECTED",
    }
}

/// What was fixed when the claim was submitted (R18); it stays through every later state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// The customer.
    pub tenant: TenantId,
    /// The review case, minted here; poe-review keeps the case under it.
    pub review_case: CaseId,
    /// The policy profile in force then (R61).
    pub policy: PolicyId,
    /// Calendar of the partner's location (R46).
    pub partner_calendar: String,
    /// Calendar of the tenant (R46).
    pub tenant_calendar: String,
    /// When it was first submitted.
    pub submit_time: Timestamp,
    /// Subject of the case's reviewer, once there is one.
    pub reviewer: Option<String>,
    /// When the customer approved explicitly, if they did (R26a).
    pub explicit_approval: Option<Timestamp>,
}

/// What the reviewer asked for (R20), and what the partner has done about it so far (R21).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartnerAction {
    /// Why; at least one.
    pub reasons: Vec<PartnerActionReason>,
    /// What the reviewer wrote.
    pub comment: String,
    /// When it was asked.
    pub request_time: Timestamp,
    /// Until when the partner can answer.
    pub response: Deadline,
    /// Until when the rejection can be disputed that follows when the partner does not answer (R22, R45).
    pub dispute_if_missed: Deadline,
    /// Documents added since the request.
    pub documents: usize,
    /// Comments that the partner wrote since the request.
    pub comments: usize,
}

impl PartnerAction {
    /// Whether anything was done since the request (R21).
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.documents > 0 || self.comments > 0
    }
}

/// Where the association of an approved claim stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Association {
    /// Held, while the customer may decline (R35); until when is known once the window opened (R41).
    Pending {
        /// When the consent window passes.
        consent_due: Option<Timestamp>,
    },
    /// The window passed (R27) or the customer approved (R26a); the registry is told and will confirm.
    Granted {
        /// Since when.
        since: Timestamp,
    },
    /// On record, as the registry confirmed.
    Official {
        /// Since when.
        since: Timestamp,
    },
}

impl Association {
    /// Since when it is on record; `None` when it is not.
    #[must_use]
    pub const fn official_time(&self) -> Option<Timestamp> {
        match self {
            Self::Pending { .. } | Self::Granted { .. } => None,
            Self::Official { since } => Some(*since),
        }
    }
}

/// Why and when a claim was rejected (R31).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejection {
    /// The primary reason.
    pub primary: PrimaryRejection,
    /// Further reasons (R32).
    pub further: Vec<FurtherRejection>,
    /// What the reviewer, partner or customer wrote; may be empty.
    pub comment: String,
    /// When it took effect.
    pub time: Timestamp,
    /// Until when it can be disputed; `None`: it is final (R28).
    pub dispute: Option<Deadline>,
    /// The association that ended with the claim, if it had one.
    pub ended: Option<Association>,
}

impl State {
    /// The state without its data.
    #[must_use]
    pub const fn kind(&self) -> StateKind {
        match self {
            Self::Editing => StateKind::Editing,
            Self::Deleted => StateKind::Deleted,
            Self::Submitted(_) => StateKind::Submitted,
            Self::UnderReview(_) => StateKind::UnderReview,
            Self::PartnerActionRequired(..) => StateKind::PartnerActionRequired,
            Self::Approved(..) => StateKind::Approved,
            Self::Rejected(..) => StateKind::Rejected,
        }
    }

    /// What was fixed at submission; `None` for drafts.
    #[must_use]
    pub const fn submission(&self) -> Option<&Submission> {
        match self {
            Self::Editing | Self::Deleted => None,
            Self::Submitted(submission)
            | Self::UnderReview(submission)
            | Self::PartnerActionRequired(submission, _)
            | Self::Approved(submission, _)
            | Self::Rejected(submission, _) => Some(submission),
        }
    }

    /// What the reviewer asked for, while the partner is to answer.
    #[must_use]
    pub const fn partner_action(&self) -> Option<&PartnerAction> {
        match self {
            Self::PartnerActionRequired(_, action) => Some(action),
            Self::Editing
            | Self::Deleted
            | Self::Submitted(_)
            | Self::UnderReview(_)
            | Self::Approved(..)
            | Self::Rejected(..) => None,
        }
    }

    /// The association, while the claim is approved.
    #[must_use]
    pub const fn association(&self) -> Option<&Association> {
        match self {
            Self::Approved(_, association) => Some(association),
            Self::Editing
            | Self::Deleted
            | Self::Submitted(_)
            | Self::UnderReview(_)
            | Self::PartnerActionRequired(..)
            | Self::Rejected(..) => None,
        }
    }

    /// This state with another submission.
    #[must_use]
    pub(super) fn with_submission(&self, submission: Submission) -> Self {
        match self {
            Self::Editing => Self::Editing,
            Self::Deleted => Self::Deleted,
            Self::Submitted(_) => Self::Submitted(submission),
            Self::UnderReview(_) => Self::UnderReview(submission),
            Self::PartnerActionRequired(_, action) => Self::PartnerActionRequired(submission, action.clone()),
            Self::Approved(_, association) => Self::Approved(submission, association.clone()),
            Self::Rejected(_, rejection) => Self::Rejected(submission, rejection.clone()),
        }
    }
}

impl StateKind {
    /// Whether the claim's lines keep the company from claiming them again (R38): open from submission on, or approved.
    #[must_use]
    pub const fn lines_live(self) -> bool {
        match self {
            Self::Submitted | Self::UnderReview | Self::PartnerActionRequired | Self::Approved => true,
            Self::Editing | Self::Deleted | Self::Rejected => false,
        }
    }
}
