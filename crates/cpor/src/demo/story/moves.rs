//! The moves that the parties make with one claim, each a call or two and a line in the timeline.

use anyhow::{Context as _, bail, ensure};
use cpor_proto::{
    claims::v1::{
        Claim, ClaimState, CreateClaimRequest, EvidenceMetadata, GetClaimRequest, ListHistoryRequest,
        ResubmitClaimRequest, SubmitClaimRequest, UploadEvidenceRequest,
    },
    eligibility::v1::ListUsageRequest,
    registry::v1::LookUpAssociationsRequest,
    reviews::v1::{
        ApproveReviewCaseRequest, RejectReviewCaseRequest, RequestPartnerActionRequest, StartReviewRequest,
        TakeReviewCaseRequest,
    },
    r#type::v1::{AssociationState, FurtherRejectionReason, PartnerActionReason, PrimaryRejectionReason, Verdict},
};

use crate::demo::{
    actor::Actor,
    stage::Stage,
    timeline::{Step, Timeline, Voice},
};

/// A claim of the story and those who act on it.
pub(super) struct Case<'a> {
    pub(super) stage: &'a Stage,
    timeline: Voice,
    label: &'static str,
    pub(super) partner: &'a Actor,
    /// The claim as last seen.
    pub(super) claim: Claim,
    review_case: String,
}

impl<'a> Case<'a> {
    pub(super) async fn open(
        stage: &'a Stage,
        timeline: &Timeline,
        label: &'static str,
        partner: &'a Actor,
        parent: &str,
        draft: Claim,
    ) -> anyhow::Result<Self> {
        let request = CreateClaimRequest {
            parent: parent.into(),
            claim: Some(draft),
            request_id: format!("demo-{label}"),
            validate_only: false,
        };
        let claim = partner.claims().create_claim(request).await?.into_inner();
        let missing: Vec<_> = claim.violations.iter().map(|violation| violation.field.as_str()).collect();
        let note = format!("drafts the claim; still missing: {}", missing.join(", "));
        let case = Self { stage, timeline: timeline.voice(), label, partner, claim, review_case: String::new() };
        case.print("draft", partner.label, note).await?;
        Ok(case)
    }

    pub(super) async fn upload(&mut self, file_name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let message = UploadEvidenceRequest {
            metadata: Some(EvidenceMetadata {
                parent: self.claim.name.clone(),
                file_name: file_name.into(),
                ..EvidenceMetadata::default()
            }),
            data: bytes.to_vec(),
        };
        let evidence = self.partner.claims().upload_evidence(tokio_stream::once(message)).await?.into_inner();
        let note = format!(
            "uploads {} ({}, {} bytes)",
            file_name,
            evidence.kind().as_str_name().trim_start_matches("EVIDENCE_KIND_"),
            evidence.size_bytes
        );
        self.tell("upload", self.partner.label, note).await
    }

    pub(super) async fn submit(&mut self) -> anyhow::Result<()> {
        let request = SubmitClaimRequest { name: self.claim.name.clone(), ..SubmitClaimRequest::default() };
        self.partner.claims().submit_claim(request).await?;
        self.tell("submit", self.partner.label, "submits it".into()).await
    }

    pub(super) async fn resubmit(&mut self, comment: &str) -> anyhow::Result<()> {
        let request = ResubmitClaimRequest {
            name: self.claim.name.clone(),
            comment: comment.into(),
            ..ResubmitClaimRequest::default()
        };
        self.partner.claims().resubmit_claim(request).await?;
        self.tell("resubmit", self.partner.label, format!("resubmits: “{comment}”")).await
    }

    /// A reviewer takes the case from the queue and starts.
    pub(super) async fn review_starts(&mut self) -> anyhow::Result<()> {
        self.review_case = self.stage.review_case(&self.claim.name).await?;
        let request = TakeReviewCaseRequest { name: self.review_case.clone(), ..TakeReviewCaseRequest::default() };
        self.stage.reviewer.reviews().take_review_case(request).await?;
        self.review_starts_again().await
    }

    /// The same reviewer starts again after a resubmission.
    pub(super) async fn review_starts_again(&mut self) -> anyhow::Result<()> {
        let request = StartReviewRequest { name: self.review_case.clone(), ..StartReviewRequest::default() };
        self.stage.reviewer.reviews().start_review(request).await?;
        self.tell("start review", self.stage.reviewer.label, "starts the review".into()).await
    }

    pub(super) async fn send_back(&mut self, reason: PartnerActionReason, comment: &str) -> anyhow::Result<()> {
        let request = RequestPartnerActionRequest {
            name: self.review_case.clone(),
            reasons: vec![reason.into()],
            comment: comment.into(),
            ..RequestPartnerActionRequest::default()
        };
        self.stage.reviewer.reviews().request_partner_action(request).await?;
        self.tell("request partner action", self.stage.reviewer.label, format!("sends it back: “{comment}”")).await
    }

    pub(super) async fn approve(&mut self) -> anyhow::Result<()> {
        self.stage.reviewer.reviews().approve_review_case(self.approval()).await?;
        self.tell("approve", self.stage.reviewer.label, "approves; every line is held".into()).await
    }

    pub(super) async fn approval_is_refused(&mut self, reason: &str) -> anyhow::Result<()> {
        let Err(status) = self.stage.reviewer.reviews().approve_review_case(self.approval()).await else {
            bail!("a second holder was approved");
        };
        ensure!(
            format!("{status:?}").contains(reason) || status.message().contains(reason),
            "refused for another reason: {status}"
        );
        self.tell("approval refused", self.stage.reviewer.label, format!("cannot approve: {reason}")).await
    }

    pub(super) async fn reject(&mut self, further: FurtherRejectionReason, comment: &str) -> anyhow::Result<()> {
        let request = RejectReviewCaseRequest {
            name: self.review_case.clone(),
            primary_reason: PrimaryRejectionReason::InsufficientPoe.into(),
            further_reasons: vec![further.into()],
            comment: comment.into(),
            ..RejectReviewCaseRequest::default()
        };
        self.stage.reviewer.reviews().reject_review_case(request).await?;
        self.tell("reject", self.stage.reviewer.label, format!("rejects: “{comment}”")).await
    }

    pub(super) async fn days_pass(&mut self, seconds: i64, note: &str) -> anyhow::Result<()> {
        self.stage.advance(seconds).await?;
        self.tell("window passes", "customer", note.into()).await
    }

    /// Asks the registry who is on record for the first line.
    pub(super) async fn on_record(&mut self) -> anyhow::Result<String> {
        let line = self.claim.lines.first().context("the claim has no line")?;
        let key = format!("tenants/{}/{}", self.claim.tenant_id, line.key);
        let request = LookUpAssociationsRequest { key, as_of_time: None };
        let found = self.stage.lead.registry().look_up_associations(request).await?.into_inner().associations;
        let holder = found.first().context("nobody is on record")?.partner.clone();
        let note = format!("on record for {}: {holder}", line.product_display_name);
        self.tell("look up", "registry", note).await?;
        Ok(holder)
    }

    /// Reads the usage that the association opened.
    pub(super) async fn usage(&mut self) -> anyhow::Result<()> {
        let line = self.claim.lines.first().context("the claim has no line")?;
        let parent = format!("tenants/{}/{}", self.claim.tenant_id, line.key);
        let months = self
            .partner
            .eligibility()
            .list_usage(ListUsageRequest { parent, ..ListUsageRequest::default() })
            .await?
            .into_inner()
            .usage_months;
        let shown: Vec<_> =
            months.iter().map(|usage| format!("{} {} users", usage.month, usage.active_users)).collect();
        self.tell("read usage", self.partner.label, format!("may read usage now: {}", shown.join(", "))).await
    }

    /// Reads the whole history.
    pub(super) async fn history(&mut self) -> anyhow::Result<()> {
        let request =
            ListHistoryRequest { parent: self.claim.name.clone(), page_size: 1000, ..ListHistoryRequest::default() };
        let entries = self.partner.claims().list_history(request).await?.into_inner().entries;
        ensure!(entries.iter().zip(1..).all(|(entry, position)| entry.position == position), "the history has gaps");
        let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
        self.tell("read history", self.partner.label, format!("history: {}", actions.join(" → "))).await
    }

    /// What came of it without anybody's call.
    pub(super) async fn refresh(&mut self, step: &str, actor: &str, note: &str) -> anyhow::Result<()> {
        self.tell(step, actor, note.into()).await
    }

    /// What the assessments say.
    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        self.claim.lines.iter().flat_map(|line| &line.assessments).map(|assessment| assessment.verdict()).collect()
    }

    /// Lets the system come to rest, reads the claim, and prints where it stands.
    pub(super) async fn tell(&mut self, step: &str, actor: &str, note: String) -> anyhow::Result<()> {
        self.stage.advance(0).await?;
        let request = GetClaimRequest { name: self.claim.name.clone() };
        self.claim = self.partner.claims().get_claim(request).await?.into_inner();
        self.print(step, actor, note).await
    }

    fn approval(&self) -> ApproveReviewCaseRequest {
        ApproveReviewCaseRequest { name: self.review_case.clone(), ..ApproveReviewCaseRequest::default() }
    }

    async fn print(&self, step: &str, actor: &str, note: String) -> anyhow::Result<()> {
        let claim = &self.claim;
        let deadline = match claim.state() {
            ClaimState::PartnerActionRequired => claim.partner_action.as_ref().and_then(|action| action.due_time),
            ClaimState::Approved if claim.association_state() == AssociationState::Pending => claim.consent_due_time,
            ClaimState::Unspecified
            | ClaimState::Editing
            | ClaimState::Submitted
            | ClaimState::UnderReview
            | ClaimState::Approved
            | ClaimState::Rejected
            | ClaimState::Disputed => None,
        };
        self.timeline.step(&Step {
            step,
            actor,
            claim: self.label,
            state: claim.state().as_str_name().trim_start_matches("CLAIM_STATE_").into(),
            association: named(claim.association_state().as_str_name(), "ASSOCIATION_STATE_"),
            assessment: self.assessment(),
            time: Some(self.stage.now().await?),
            deadline: deadline.and_then(|due| chrono::DateTime::from_timestamp(due.seconds, 0)),
            note,
        });
        Ok(())
    }

    fn assessment(&self) -> String {
        let mut verdicts: Vec<_> =
            self.verdicts().iter().map(|verdict| named(verdict.as_str_name(), "VERDICT_")).collect();
        verdicts.dedup();
        verdicts.join(", ")
    }
}

/// `official` of `ASSOCIATION_STATE_OFFICIAL`; nothing of `…_UNSPECIFIED`.
fn named(value: &str, prefix: &str) -> String {
    match value.trim_start_matches(prefix) {
        "UNSPECIFIED" => String::new(),
        name => name.to_lowercase().replace('_', " "),
    }
}
