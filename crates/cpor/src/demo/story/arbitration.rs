//! The moves around competing claims.

use anyhow::{Context as _, ensure};
use cpor_proto::{
    claims::v1::{DisputeClaimRequest, ListCommentsRequest},
    reviews::v1::{ArbitrateLinesRequest, Award, GetCompetitionRequest},
};

use super::moves::Case;

impl Case<'_> {
    /// Disputes the rejection: a new case is opened.
    pub(super) async fn dispute(&mut self, justification: &str) -> anyhow::Result<()> {
        let request = DisputeClaimRequest {
            name: self.claim.name.clone(),
            justification: justification.into(),
            ..DisputeClaimRequest::default()
        };
        self.partner.claims().dispute_claim(request).await?;
        self.tell("dispute", self.partner.label, format!("disputes it: “{justification}”")).await
    }

    /// Reads in a comment that somebody competes, and not who.
    pub(super) async fn hears_of_a_rival(&mut self, rival: &str) -> anyhow::Result<()> {
        self.stage.advance(0).await?;
        let request = ListCommentsRequest { parent: self.claim.name.clone(), ..ListCommentsRequest::default() };
        let comments = self.partner.claims().list_comments(request).await?.into_inner().comments;
        let told = comments.last().context("nobody told of a rival")?.text.clone();
        ensure!(!told.to_lowercase().contains(rival), "the rival is named: {told}");
        let first = told.split_inclusive('.').next().unwrap_or_default();
        self.tell("hear of a rival", self.partner.label, format!("reads: “{}”", first.trim())).await
    }

    /// A lead looks at the rivals side by side, and awards the first line to this claim.
    pub(super) async fn is_awarded(&mut self, comment: &str) -> anyhow::Result<()> {
        let review_case = self.stage.review_case(&self.claim.name).await?;
        let lead = &self.stage.lead;
        let request = GetCompetitionRequest { name: review_case.clone() };
        let rivals = lead.reviews().get_competition(request).await?.into_inner().rivals.len();
        let key = self.claim.lines.first().context("the claim has no line")?.key.clone();
        let request = ArbitrateLinesRequest {
            parent: format!("tenants/{}", self.claim.tenant_id),
            awards: vec![Award { key, winner: review_case, ..Award::default() }],
            comment: comment.into(),
            ..ArbitrateLinesRequest::default()
        };
        lead.reviews().arbitrate_lines(request).await?;
        let beside = if rivals > 0 { "sees both proofs side by side" } else { "looks at who is on record" };
        self.tell("award", lead.label, format!("{beside}, and awards the line: “{comment}”")).await
    }
}
