//! The states of a claim (R15), each with the data that exists only in that state. A *policy
//! profile* is a versioned set of values that the business rules leave open (R61).
//!
//! A *line* is the part of a claim that is about one workload or subscription. An association puts
//! the partner on record for that workload or subscription. It is pending, then granted, then
//! official, and it can end. The *consent window* is the time in which silence of the customer
//! counts as consent.
use super::{Rejection, Remedy, Submission, Window};
use cpor_types::{ClaimStateKind, EditsAfterSubmission, LineId, PartnerActionReason, Timestamp};
use serde::{Deserialize, Serialize};

/// The state of a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The claim is a draft.
    Editing,
    /// The partner deleted the draft. Only the history remains.
    Deleted,
    /// The claim waits for a reviewer to start the review.
    Submitted(Submission),
    /// A reviewer is reviewing the claim.
    UnderReview(Submission),
    /// The reviewer requested partner action, and the partner has not answered yet.
    PartnerActionRequired(Submission, PartnerAction),
    /// The claim is approved.
    Approved(Submission, Association),
    /// The claim is rejected.
    Rejected(Submission, Rejection),
    /// The partner disputes the rejection, and the claim is reviewed again (R28).
    Disputed(Submission),
}

/// A reviewer's request for partner action (R20), and the partner's activity since (R21).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartnerAction {
    /// The reasons of the request; at least one.
    pub reasons: Vec<PartnerActionReason>,
    /// The reviewer's comment.
    pub comment: String,
    /// When the reviewer made the request.
    pub request_time: Timestamp,
    /// The period in which the partner can answer.
    pub response: Window,
    /// If no answer arrives in time, the claim is rejected (R22). This says whether the partner can
    /// then dispute the rejection; it is computed when the request is made.
    pub remedy_if_unanswered: Remedy,
    /// The lines that the reviewer asks the partner to remove (R30).
    pub remove_lines: Vec<LineId>,
    /// Whether the request was made in the state DISPUTED. The resubmitted claim returns to
    /// DISPUTED then, and to SUBMITTED otherwise (R21).
    pub disputed: bool,
    /// The number of edits by the partner since the request.
    pub edits: usize,
    /// The number of comments by the partner since the request.
    pub comments: usize,
}

/// The status of the association of an approved claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Association {
    /// The lines are reserved for the partner, and the customer can still decline (R35).
    Pending,
    /// The consent window ended without a decline (R27), or the customer approved (R26a). The
    /// registry service was asked to put the association on record and has not confirmed it yet.
    Granted {
        /// When the association was granted.
        since: Timestamp,
    },
    /// The registry has confirmed that the association is on record.
    Official {
        /// The time from which the association is on record.
        since: Timestamp,
    },
    /// The associations of all lines have ended, with their subscriptions or workloads (R39) or in
    /// favour of other companies (R37). The claim stays approved.
    Ended {
        /// The time from which the association was on record; `None` if the registry has not
        /// reported that it was official. Such a report can still arrive (R47).
        since: Option<Timestamp>,
    },
}

impl Association {
    /// Returns the name of the status as the history contains it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Granted { .. } => "granted",
            Self::Official { .. } => "official",
            Self::Ended { .. } => "ended",
        }
    }

    /// Returns the time from which the association is on record, or was until it ended; `None` when
    /// it was never official.
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
    /// Returns the state without its data.
    #[must_use]
    pub const fn kind(&self) -> ClaimStateKind {
        match self {
            Self::Editing => ClaimStateKind::Editing,
            Self::Deleted => ClaimStateKind::Deleted,
            Self::Submitted(_) => ClaimStateKind::Submitted,
            Self::UnderReview(_) => ClaimStateKind::UnderReview,
            Self::PartnerActionRequired(..) => ClaimStateKind::PartnerActionRequired,
            Self::Approved(..) => ClaimStateKind::Approved,
            Self::Rejected(..) => ClaimStateKind::Rejected,
            Self::Disputed(_) => ClaimStateKind::Disputed,
        }
    }

    /// Returns the data of the submission; `None` for drafts.
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

    /// Returns the reviewer's request while the claim waits for the partner's answer.
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

    /// Returns the association while the claim is approved.
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

    /// Returns the rejection while the claim is rejected.
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

    /// Returns whether the state and the recorded policy values allow the partner to edit the claim
    /// (R17, R29). In an approved claim, only the customer contacts can be corrected, and only
    /// while the claim waits for a notice that the customer's mail system accepts (R29a).
    #[must_use]
    pub fn allows_edits(&self) -> bool {
        match self {
            Self::Editing => true,
            Self::Submitted(submission) => submission.policy_values.edits == EditsAfterSubmission::UntilReview,
            Self::PartnerActionRequired(submission, _) => {
                submission.policy_values.edits != EditsAfterSubmission::Nothing
            }
            Self::Approved(submission, association) => submission.is_customer_unreached(association),
            Self::Deleted | Self::UnderReview(_) | Self::Rejected(..) | Self::Disputed(_) => false,
        }
    }

    /// Returns whether the state and the recorded policy values allow the partner to add evidence
    /// (R29). A rejected claim accepts evidence for a dispute (R28).
    #[must_use]
    pub fn allows_evidence(&self) -> bool {
        match self {
            Self::Editing | Self::PartnerActionRequired(..) => true,
            Self::Submitted(submission) => submission.policy_values.edits == EditsAfterSubmission::UntilReview,
            Self::Approved(submission, _) => submission.policy_values.evidence_when_approved,
            Self::Rejected(_, rejection) => rejection.dispute_window().is_some(),
            Self::Deleted | Self::UnderReview(_) | Self::Disputed(_) => false,
        }
    }

    /// Returns the same state with another submission; a draft, which has none, stays as it is.
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
