//! Steps of the reviewer and of the review lead with a claim. A reviewer works on the claim's
//! review case; a review lead also decides between competing claims.

use anyhow::{Context as _, bail, ensure};
use cpor_proto::{
    registry::v1::LookupAssociationsRequest,
    reviews::v1::{
        ApproveReviewCaseRequest, ArbitrateLinesRequest, Award, GetCompetitionRequest, GetReviewCaseRequest,
        RejectReviewCaseRequest, RequestPartnerActionRequest, RequestStatementRequest, StartReviewRequest,
        TakeReviewCaseRequest, statement,
    },
    r#type::v1::{FurtherRejectionReason, PartnerActionReason, PrimaryRejectionReason},
};

use super::DemoClaim;

impl DemoClaim<'_> {
    /// The reviewer takes the open review case of the claim and starts the review.
    pub(in crate::demo) async fn take_and_start_review(&mut self) -> anyhow::Result<()> {
        self.review_case = self.system.open_review_case(&self.current.name).await?;
        let request = TakeReviewCaseRequest { name: self.review_case.clone(), ..TakeReviewCaseRequest::default() };
        self.system.reviewer.reviews().take_review_case(request).await?;
        self.start_review().await
    }

    /// The reviewer of the case starts the review, for example again after a resubmission.
    pub(in crate::demo) async fn start_review(&mut self) -> anyhow::Result<()> {
        let request = StartReviewRequest { name: self.review_case.clone(), ..StartReviewRequest::default() };
        self.system.reviewer.reviews().start_review(request).await?;
        self.report("start review", self.system.reviewer.label, "starts the review".into()).await
    }

    /// The reviewer asks the partner to correct the claim, for this reason.
    pub(in crate::demo) async fn request_partner_action(
        &mut self,
        reason: PartnerActionReason,
        comment: &str,
    ) -> anyhow::Result<()> {
        let request = RequestPartnerActionRequest {
            name: self.review_case.clone(),
            reasons: vec![reason.into()],
            comment: comment.into(),
            ..RequestPartnerActionRequest::default()
        };
        self.system.reviewer.reviews().request_partner_action(request).await?;
        let note = format!("requests partner action: “{comment}”");
        self.report("request partner action", self.system.reviewer.label, note).await
    }

    pub(in crate::demo) async fn approve(&mut self) -> anyhow::Result<()> {
        self.system.reviewer.reviews().approve_review_case(self.approve_request()).await?;
        self.report("approve", self.system.reviewer.label, "approves the claim; its lines are held".into()).await
    }

    /// The reviewer tries to approve the claim, and the call fails with this reason.
    pub(in crate::demo) async fn expect_refused_approval(&mut self, reason: &str) -> anyhow::Result<()> {
        let Err(status) = self.system.reviewer.reviews().approve_review_case(self.approve_request()).await else {
            bail!("a claim was approved although another partner holds its subscription");
        };
        ensure!(
            format!("{status:?}").contains(reason) || status.message().contains(reason),
            "the approval was refused for another reason: {status}"
        );
        self.report("approval refused", self.system.reviewer.label, format!("cannot approve: {reason}")).await
    }

    /// The reviewer rejects the claim for insufficient proof.
    pub(in crate::demo) async fn reject(
        &mut self,
        further_reason: FurtherRejectionReason,
        comment: &str,
    ) -> anyhow::Result<()> {
        let request = RejectReviewCaseRequest {
            name: self.review_case.clone(),
            primary_reason: PrimaryRejectionReason::InsufficientPoe.into(),
            further_reasons: vec![further_reason.into()],
            comment: comment.into(),
            ..RejectReviewCaseRequest::default()
        };
        self.system.reviewer.reviews().reject_review_case(request).await?;
        self.report("reject", self.system.reviewer.label, format!("rejects the claim: “{comment}”")).await
    }

    /// The reviewer asks the partner of this approved claim for a statement, because another claim
    /// competes for its line (R37a).
    pub(in crate::demo) async fn request_statement(&mut self, comment: &str) -> anyhow::Result<()> {
        let request = RequestStatementRequest {
            name: self.review_case.clone(),
            comment: comment.into(),
            ..RequestStatementRequest::default()
        };
        self.system.reviewer.reviews().request_statement(request).await?;
        let note = format!("asks the holder for a statement: “{comment}”");
        self.report("request statement", self.system.reviewer.label, note).await
    }

    /// Returns the status of the reviewer's request for a statement.
    pub(in crate::demo) async fn statement_status(&self) -> anyhow::Result<statement::Status> {
        let request = GetReviewCaseRequest { name: self.review_case.clone() };
        let case = self.system.reviewer.reviews().get_review_case(request).await?.into_inner();
        Ok(case.statement.context("no statement was requested")?.status())
    }

    /// The review lead compares the claims that compete for the first line's workload or
    /// subscription, and awards it to this claim.
    pub(in crate::demo) async fn award_line(&mut self, comment: &str) -> anyhow::Result<()> {
        let review_case = self.system.open_review_case(&self.current.name).await?;
        let lead = &self.system.lead;
        let request = GetCompetitionRequest { name: review_case.clone() };
        let rivals = lead.reviews().get_competition(request).await?.into_inner().rivals.len();
        let key = self.current.lines.first().context("the claim has no line")?.key.clone();
        let request = ArbitrateLinesRequest {
            parent: format!("tenants/{}", self.current.tenant_id),
            awards: vec![Award { key, winner: review_case, ..Award::default() }],
            comment: comment.into(),
            ..ArbitrateLinesRequest::default()
        };
        lead.reviews().arbitrate_lines(request).await?;
        let comparison = if rivals > 0 { "compares both proofs" } else { "sees who is on record" };
        self.report("award", lead.label, format!("{comparison}, and awards the line: “{comment}”")).await
    }

    /// Looks up in the registry which partner is on record for the workload or subscription of the
    /// first line. Returns the resource name of the partner.
    pub(in crate::demo) async fn look_up_holder(&mut self) -> anyhow::Result<String> {
        let line = self.current.lines.first().context("the claim has no line")?;
        let key = line.key.clone();
        let request = LookupAssociationsRequest { key, as_of_time: None };
        let associations = self.system.lead.registry().lookup_associations(request).await?.into_inner().associations;
        let holder = associations.first().context("no partner is on record")?.partner.clone();
        let note = format!("on record for {}: {holder}", line.product_display_name);
        self.report("look up", "registry", note).await?;
        Ok(holder)
    }

    fn approve_request(&self) -> ApproveReviewCaseRequest {
        ApproveReviewCaseRequest { name: self.review_case.clone(), ..ApproveReviewCaseRequest::default() }
    }
}
