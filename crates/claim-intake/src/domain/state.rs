//! Where a claim stands (R15), each state with what only it has.
use super::{Rejection, Remedy, Submission, Window, string_enum};
use cpor_types::{EditsAfterSubmission, LineId, PartnerActionReason, Timestamp};
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
    /// Its partner disputes a rejection: it is reviewed anew (R28).
    Disputed(Submission),
}

string_enum! {
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
        /// See [`State::Disputed`].
        Disputed = "DISPUTED",
    }
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
    pub response: Window,
    /// What helps against the rejection that follows when the partner does not answer (R22, R45).
    pub remedy_if_missed: Remedy,
    /// Lines that the reviewer asks to be removed (R30).
    pub remove_lines: Vec<LineId>,
    /// It was asked while the claim was DISPUTED, so that the answer leads back there; otherwise to SUBMITTED (R21).
    pub disputed: bool,
    /// Edits since the request.
    pub edits: usize,
    /// Comments that the partner wrote since the request.
    pub comments: usize,
}

/// Where the association of an approved claim stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Association {
    /// Held, while the customer may decline (R35).
    Pending,
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
    /// Over for every line, by expiry or supersession (R37, R39); the claim stays approved.
    Ended {
        /// Since when it was on record, if it ever was.
        since: Option<Timestamp>,
    },
}

impl Association {
    /// Its name in the history.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Granted { .. } => "granted",
            Self::Official { .. } => "official",
            Self::Ended { .. } => "ended",
        }
    }

    /// Since when it is, or was until it ended, on record; `None` when it never was.
    #[must_use]
    pub const fn official_time(&self) -> Option<Timestamp> {
        match self {
            Self::Pending | Self::Granted { .. } => None,
            Self::Official { since } => Some(*since),
            Self::Ended { since } => *since,
        }
    }
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
            Self::Disputed(_) => StateKind::Disputed,
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
            | Self::Rejected(submission, _)
            | Self::Disputed(submission) => Some(submission),
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
            | Self::Rejected(..)
            | Self::Disputed(_) => None,
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
            | Self::Rejected(..)
            | Self::Disputed(_) => None,
        }
    }

    /// Why it is rejected.
    #[must_use]
    pub const fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(_, rejection) => Some(rejection),
            Self::Editing
            | Self::Deleted
            | Self::Submitted(_)
            | Self::UnderReview(_)
            | Self::PartnerActionRequired(..)
            | Self::Approved(..)
            | Self::Disputed(_) => None,
        }
    }

    /// Whether the partner can edit in this state, as its profile has it (R17, R29).
    #[must_use]
    pub fn allows_edits(&self) -> bool {
        match self {
            Self::Editing => true,
            Self::Submitted(submission) => submission.leeway.edits == EditsAfterSubmission::UntilReview,
            Self::PartnerActionRequired(submission, _) => submission.leeway.edits != EditsAfterSubmission::Nothing,
            Self::Deleted | Self::UnderReview(_) | Self::Approved(..) | Self::Rejected(..) | Self::Disputed(_) => false,
        }
    }

    /// Whether the partner can add evidence in this state, as its profile has it (R29); to a rejected claim for its dispute (R28).
    #[must_use]
    pub fn allows_evidence(&self) -> bool {
        match self {
            Self::Editing | Self::PartnerActionRequired(..) => true,
            Self::Submitted(submission) => submission.leeway.edits == EditsAfterSubmission::UntilReview,
            Self::Approved(submission, _) => submission.leeway.evidence_when_approved,
            Self::Rejected(_, rejection) => rejection.dispute_window().is_some(),
            Self::Deleted | Self::UnderReview(_) | Self::Disputed(_) => false,
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
            Self::Disputed(_) => Self::Disputed(submission),
        }
    }
}

impl StateKind {
    /// Whether the claim's lines keep the company from claiming them again (R38): open from submission on, or approved.
    #[must_use]
    pub const fn has_live_lines(self) -> bool {
        match self {
            Self::Submitted | Self::UnderReview | Self::PartnerActionRequired | Self::Approved | Self::Disputed => true,
            Self::Editing | Self::Deleted | Self::Rejected => false,
        }
    }
}
