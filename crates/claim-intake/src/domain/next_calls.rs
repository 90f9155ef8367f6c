//! The calls by which the acting party moves a claim on, with the fields that they need (R60).
use super::{Claim, Command, Party, Violation, Wait};
use cpor_types::Timestamp;

/// A call that moves a claim on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextCall {
    /// The party that makes the call.
    pub party: Party,
    /// The full name of the method, for example `cpor.claims.v1.ClaimService/SubmitClaim`.
    pub method: String,
    /// The paths of the fields of the request that have to be filled in.
    pub fields: Vec<String>,
}

/// The field of violations that an uploaded document corrects.
const EVIDENCE_FIELD: &str = "evidence";
/// The fields of an upload that have to be filled in.
const UPLOAD_FIELDS: &[&str] = &["metadata.parent", "metadata.file_name", "data"];

/// Returns the names of the methods that end a wait, best first, each with the request fields that
/// it needs.
const fn calls_that_end(wait: Wait) -> &'static [(&'static str, &'static [&'static str])] {
    match wait {
        Wait::Submission => &[("SubmitClaim", &["name"])],
        Wait::ReviewStart => &[("TakeReviewCase", &["name"]), ("StartReview", &["name"])],
        Wait::ReviewDecision => &[
            ("ApproveReviewCase", &["name"]),
            ("RequestPartnerAction", &["name", "reasons", "comment"]),
            ("RejectReviewCase", &["name", "primary_reason", "comment"]),
        ],
        Wait::Arbitration => &[("ArbitrateLines", &["parent", "awards", "comment"])],
        Wait::PartnerResponse => &[("ResubmitClaim", &["name"])],
        Wait::Statement => &[("CreateComment", &["parent", "comment.text"]), ("UploadEvidence", UPLOAD_FIELDS)],
        Wait::NoticeDelivery => &[
            ("UpdateClaim", &["claim.name", "update_mask", "claim.customer_contact"]),
            ("WithdrawClaim", &["name", "reason"]),
        ],
        Wait::ContactConfirmation => &[("ConfirmCustomerContact", &["name"])],
        Wait::ExplicitApproval => &[("ApproveConsent", &["name"]), ("DeclineConsent", &["name"])],
        Wait::DisputeWindow => &[("DisputeClaim", &["name"])],
        Wait::Supersession | Wait::ConsentWindow | Wait::Registry | Wait::LateDecision | Wait::Nothing => &[],
    }
}

impl Claim {
    /// Returns the calls of the acting party that move the claim on. While the claim has
    /// violations, these are the calls that correct them.
    #[must_use]
    pub fn next_calls(&self, violations: &[Violation], now: Timestamp) -> Vec<NextCall> {
        let waiting = self.waiting();
        let Some(party) = waiting.acting_party else { return Vec::new() };
        if !violations.is_empty() {
            return corrections(party, violations);
        }
        let allowed = self.allowed_methods(party, now);
        let call = |(name, fields): &(&str, &[&str])| {
            let method = allowed.iter().find(|allowed| allowed.method.ends_with(&format!("/{name}")))?.method.clone();
            let fields = fields.iter().copied().chain(self.missing_answer(waiting.wait)).map(str::to_owned).collect();
            Some(NextCall { party, method, fields })
        };
        calls_that_end(waiting.wait).iter().filter_map(call).collect()
    }

    /// Returns the field with the partner's answer that a resubmission (R21) or dispute (R28)
    /// needs, because the partner has added nothing yet.
    fn missing_answer(&self, wait: Wait) -> Option<&'static str> {
        match wait {
            Wait::PartnerResponse => {
                let action = self.state.partner_action()?;
                (!self.has_response_to(action)).then_some("comment")
            }
            Wait::DisputeWindow => (self.new_documents() == 0).then_some("justification"),
            Wait::Submission
            | Wait::ReviewStart
            | Wait::ReviewDecision
            | Wait::Arbitration
            | Wait::Statement
            | Wait::Supersession
            | Wait::NoticeDelivery
            | Wait::ContactConfirmation
            | Wait::ConsentWindow
            | Wait::ExplicitApproval
            | Wait::Registry
            | Wait::LateDecision
            | Wait::Nothing => None,
        }
    }
}

/// Returns the calls that correct these violations: an edit, an upload, or both.
fn corrections(party: Party, violations: &[Violation]) -> Vec<NextCall> {
    let fields = violations.iter().map(|violation| violation.field.as_str()).filter(|field| *field != EVIDENCE_FIELD);
    let mut edited: Vec<String> = fields.map(|field| format!("claim.{field}")).collect();
    edited.dedup();
    let needs_evidence = violations.iter().any(|violation| violation.field == EVIDENCE_FIELD);
    let edit = (!edited.is_empty()).then(|| {
        let fields = ["claim.name".to_owned(), "update_mask".to_owned()].into_iter().chain(edited).collect();
        NextCall { party, method: Command::Update.method(), fields }
    });
    let upload = needs_evidence.then(|| {
        let fields = UPLOAD_FIELDS.iter().map(|field| (*field).to_owned()).collect();
        NextCall { party, method: Command::AddEvidence.method(), fields }
    });
    edit.into_iter().chain(upload).collect()
}
