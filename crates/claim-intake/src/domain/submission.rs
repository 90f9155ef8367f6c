//! The data that a claim keeps from its submission on. A *notice* is a mail to the customer contact
//! about the claim. The *consent window* is the time in which silence of the customer counts as
//! consent. A *line* is the part of a claim that is about one workload or subscription of the
//! customer. It is *contested* while another company claims or holds the same. An *association*
//! puts the partner on record for the workload or subscription of a line.
use super::{Association, Window};
use cpor_types::{CaseId, EditsAfterSubmission, PolicyId, PolicyProfile, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// What was fixed when the claim was submitted (R18), the progress of the review, and the
/// customer's decisions. Every state except EDITING and DELETED contains it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// The customer.
    pub tenant: TenantId,
    /// The id of the present review case. This service creates the id, and poe-review keeps the
    /// case under it. A dispute gets a new case (R28).
    pub review_case: CaseId,
    /// The id of the policy profile that was in force at submission. A policy profile is a
    /// versioned set of values that the business rules do not fix (R61).
    pub policy: PolicyId,
    /// The values of the policy profile that are needed after the submission.
    pub policy_values: PolicyValues,
    /// The id of the calendar of the partner's location (R46).
    pub partner_calendar: String,
    /// The id of the calendar of the tenant (R46).
    pub tenant_calendar: String,
    /// When the claim was first submitted.
    pub submit_time: Timestamp,
    /// The subject (user id) of the assigned reviewer, if there is one.
    pub reviewer: Option<String>,
    /// The progress of the review.
    pub review: ReviewProgress,
    /// When the customer approved explicitly (R26a). `None` if the customer has not, or if the
    /// approval no longer counts, because of a later decline (R26) or an edit (R29).
    pub explicit_approval: Option<Timestamp>,
    /// When the customer last declined; `None` when the customer has not. After a decline the claim
    /// becomes official only by an explicit approval (R28).
    pub declined: Option<Timestamp>,
    /// When a reviewer confirmed the present customer contact (R43a); `None` when none has.
    pub contact_confirmed: Option<Timestamp>,
    /// Whether the contact approved by link, or was silent until the consent window ended, and that
    /// does not count until a reviewer confirms the contact (R43a).
    pub awaits_confirmation: bool,
    /// When the consent window ends or ended (R41). `None` until it opens, and again after it was
    /// stopped (R41b) or the customer was asked anew (R28, R29).
    pub consent_due: Option<Timestamp>,
    /// When a notice must have been accepted, if none has been accepted since the approval (R41a).
    /// `None` before the approval.
    pub delivery_due: Option<Timestamp>,
    /// Whether the last notice that was reported bounced. `false` again when a notice is sent
    /// again, when an edit notifies the customer, and when the claim is approved.
    pub is_notice_bounced: bool,
    /// How many times the customer was asked for consent again, because of a dispute (R28) or
    /// because lines or the customer contact changed (R29). An approval that answers an earlier
    /// request does not count.
    pub consent_request_number: u32,
    /// The times of the requests for consent that edits have caused since the submission, dispute
    /// or approval, oldest first. An edit of lines or of the customer contact causes one (R29). The
    /// last time, if there is one, is that of the present request.
    #[serde(default)]
    pub consent_request_times: Vec<Timestamp>,
    /// The time from which the customer's consent has counted since the approval; `None` when no
    /// consent has been reported.
    #[serde(default)]
    pub grant_time: Option<Timestamp>,
    /// Whether customer-consent has learned that all associations of the approved claim have ended,
    /// so that no decision of the customer from before that is on its way to this service.
    #[serde(default)]
    pub consent_ended: bool,
    /// How many times a rejection of the claim was disputed (R28).
    pub disputes: u32,
    /// When the partner declined payment; `None` when it has not (R54b).
    pub payment_declined: Option<Timestamp>,
    /// The number of documents when the present submission, response or dispute began (R14, R21,
    /// R28) or, in an approved claim, at the approval, the last request for a statement or the end
    /// of the last competition (R37a). Documents beyond that number are new.
    pub document_count_at_start: usize,
    /// The last request for a statement about contested lines of the approved claim (R37a).
    #[serde(default)]
    pub statement: Option<StatementRequest>,
}

/// A reviewer's request for a statement to the partner of an approved claim, because another
/// company claims one of its lines (R37a).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatementRequest {
    /// The reviewer's comment.
    pub comment: String,
    /// When the reviewer made the request.
    pub request_time: Timestamp,
    /// The period in which the partner can answer.
    pub window: Window,
    /// How far the request has come.
    pub status: StatementStatus,
}

/// How far a request for a statement has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementStatus {
    /// The partner can answer.
    Open,
    /// The partner has answered with a comment or a document.
    Given,
    /// The partner did not answer in time.
    NotGiven,
    /// The competition ended before the partner answered.
    Lapsed,
}

/// The progress of a review, as reported by poe-review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewProgress {
    /// Whether the reviewer has started.
    pub started: bool,
    /// Whether the reviewer has approved and the registry has not yet answered whether it has
    /// reserved the claim's workloads or subscriptions for the partner (R23).
    pub approving: bool,
    /// The earliest deadline of the review, which may have passed already (R45). `None` while the
    /// deadlines are stopped, or when the time is not known yet.
    pub due: Option<Timestamp>,
}

/// The values of a policy profile that are needed after the submission (R28, R29). They are
/// recorded with the submission, so that they can be read without the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyValues {
    /// What the partner may edit after the submission.
    pub edits: EditsAfterSubmission,
    /// Whether evidence can be added to an approved claim.
    pub evidence_when_approved: bool,
    /// Whether the partner of an approved claim may add evidence while another company claims one
    /// of its lines (R37a).
    pub evidence_when_contested: bool,
    /// Whether the customer may decline after the consent window has ended (R43).
    pub decline_after_window: bool,
    /// The maximum number of disputes; `None` means that there is no maximum.
    pub disputes: Option<u32>,
    /// Whether the partner may decline payment (R54b).
    pub payment_can_be_declined: bool,
    /// Whether a revenue association excludes other companies (R34).
    pub revenue_association_exclusive: bool,
    /// Whether the deadlines of the review run while the claim is contested (R37).
    pub review_clocks_run_while_competing: bool,
}

impl From<&PolicyProfile> for PolicyValues {
    fn from(profile: &PolicyProfile) -> Self {
        Self {
            edits: profile.edits_after_submission,
            evidence_when_approved: profile.evidence_when_approved,
            evidence_when_contested: profile.evidence_when_contested,
            decline_after_window: profile.decline_after_window,
            disputes: profile.disputes_per_claim,
            payment_can_be_declined: profile.partner_may_decline_payment,
            revenue_association_exclusive: profile.revenue_association_exclusive,
            review_clocks_run_while_competing: profile.review_clocks_run_while_competing,
        }
    }
}

impl Submission {
    /// Returns this submission with `due` as the earliest deadline of the review.
    pub(super) fn with_review_due(&self, due: Option<Timestamp>) -> Self {
        Self { review: ReviewProgress { due, ..self.review }, ..self.clone() }
    }

    /// Returns the request for a statement that the partner can answer now.
    #[must_use]
    pub fn open_statement(&self) -> Option<&StatementRequest> {
        self.statement.as_ref().filter(|statement| statement.status == StatementStatus::Open)
    }

    /// Returns this submission with the open request for a statement in this status. Without an
    /// open request nothing changes.
    pub(super) fn with_statement_status(&self, status: StatementStatus) -> Self {
        let mut next = self.clone();
        if let Some(statement) = next.statement.as_mut().filter(|found| found.status == StatementStatus::Open) {
            statement.status = status;
        }
        next
    }

    /// Returns whether an approved claim waits for a notice that is accepted (R29a, R41a): its
    /// association is pending, and the consent window has not opened, or was stopped because the
    /// accepted notice bounced later (R41b).
    #[must_use]
    pub fn is_customer_unreached(&self, association: &Association) -> bool {
        *association == Association::Pending && self.consent_due.is_none()
    }

    /// Returns the time of the first request for consent after the one with this number. Returns
    /// `None` if there was none, or if a submission, dispute or approval has followed the request
    /// with this number.
    pub(super) fn request_time_after(&self, number: u32) -> Option<Timestamp> {
        let later_requests = usize::try_from(self.consent_request_number.checked_sub(number)?).ok()?;
        let index = self.consent_request_times.len().checked_sub(later_requests)?;
        self.consent_request_times.get(index).copied()
    }

    /// Returns the customer's last decision, as the history contains it.
    #[must_use]
    pub const fn consent_status(&self) -> &'static str {
        match (self.explicit_approval, self.declined) {
            (Some(_), _) => "approved",
            (None, Some(_)) => "declined",
            (None, None) => "requested",
        }
    }

    /// Returns how many disputes are left; `None` when there is no maximum.
    #[must_use]
    pub fn disputes_left(&self) -> Option<u32> {
        self.policy_values.disputes.map(|allowed| allowed.saturating_sub(self.disputes))
    }

    /// Returns whether the partner may decline payment and has not done so (R54b).
    #[must_use]
    pub const fn may_decline_payment(&self) -> bool {
        self.policy_values.payment_can_be_declined && self.payment_declined.is_none()
    }

    /// Returns whether the customer declined and has not approved since. The association then
    /// becomes official only by an explicit approval and not by silence (R28).
    #[must_use]
    pub const fn needs_explicit_approval(&self) -> bool {
        self.declined.is_some() && self.explicit_approval.is_none()
    }
}
