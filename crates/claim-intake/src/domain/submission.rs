//! What a claim keeps from its submission on.
use cpor_types::{CaseId, EditsAfterSubmission, PolicyId, PolicyProfile, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// What was fixed when the claim was submitted (R18), and what has to be known of its way since; it stays through every later state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// The customer.
    pub tenant: TenantId,
    /// The review case, minted here; poe-review keeps the case under it. A dispute has a case of its own (R28).
    pub review_case: CaseId,
    /// The policy profile in force then (R61).
    pub policy: PolicyId,
    /// What the profile leaves to the partner after the submission.
    pub leeway: PolicyValues,
    /// Calendar of the partner's location (R46).
    pub partner_calendar: String,
    /// Calendar of the tenant (R46).
    pub tenant_calendar: String,
    /// When it was first submitted.
    pub submit_time: Timestamp,
    /// Subject of the case's reviewer, once there is one.
    pub reviewer: Option<String>,
    /// How far its review is.
    pub review: ReviewProgress,
    /// When the customer approved explicitly, if they did (R26a).
    pub explicit_approval: Option<Timestamp>,
    /// When the customer last declined, if they did: the claim then becomes official by explicit approval only (R28).
    pub declined: Option<Timestamp>,
    /// Until when the customer can decline, or could; `None` until their window opened (R41).
    pub consent_due: Option<Timestamp>,
    /// The customer's mail system refused the last notice for good.
    pub bounced: bool,
    /// How often the customer was asked anew, by a dispute (R28) or because lines or their contact changed (R29): an approval that answers an
    /// earlier asking and comes late has lapsed.
    pub askings: u32,
    /// How often a rejection of the claim was disputed (R28).
    pub disputes: u32,
    /// Documents that the claim had when the present submission, response or dispute began: those beyond are new (R14, R21, R28).
    pub documents_before: usize,
}

/// How far a review is, as poe-review told it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewProgress {
    /// Its reviewer has started.
    pub started: bool,
    /// The reviewer has approved, and the registry has not yet said whether it holds the lines (R23).
    pub approving: bool,
    /// When the first of its clocks passes or has passed (R45); `None` while they stand still, or it is not known yet.
    pub due: Option<Timestamp>,
}

/// What a policy profile leaves to the partner after the submission (R28, R29), as recorded with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyValues {
    /// What may be edited.
    pub edits: EditsAfterSubmission,
    /// Whether an approved claim takes evidence.
    pub evidence_when_approved: bool,
    /// Whether the customer may decline once the window has passed (R43).
    pub decline_after_window: bool,
    /// How many disputes there can be; `None`: any number.
    pub disputes: Option<u32>,
}

impl From<&PolicyProfile> for PolicyValues {
    fn from(profile: &PolicyProfile) -> Self {
        Self {
            edits: profile.edits_after_submission,
            evidence_when_approved: profile.evidence_when_approved,
            decline_after_window: profile.decline_after_window,
            disputes: profile.disputes_per_claim,
        }
    }
}

impl Submission {
    /// The same, where the first clock of the review passes then.
    pub(super) fn with_review_due(&self, due: Option<Timestamp>) -> Self {
        Self { review: ReviewProgress { due, ..self.review }, ..self.clone() }
    }

    /// What the customer has said last, in a word for the history.
    #[must_use]
    pub const fn consent_status(&self) -> &'static str {
        match (self.explicit_approval, self.declined) {
            (Some(_), _) => "approved",
            (None, Some(_)) => "declined",
            (None, None) => "requested",
        }
    }

    /// How many disputes are left; `None`: any number.
    #[must_use]
    pub fn disputes_left(&self) -> Option<u32> {
        self.leeway.disputes.map(|allowed| allowed.saturating_sub(self.disputes))
    }

    /// The customer declined before and has not approved since: silence does not make the claim official (R28).
    #[must_use]
    pub const fn needs_explicit_approval(&self) -> bool {
        self.declined.is_some() && self.explicit_approval.is_none()
    }
}
