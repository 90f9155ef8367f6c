//! Steps of the partner that owns a claim.

use anyhow::{Context as _, ensure};
use cpor_proto::{
    claims::v1::{
        Comment, CreateCommentRequest, DisputeClaimRequest, EvidenceMetadata, ListCommentsRequest, ListHistoryRequest,
        ResubmitClaimRequest, SubmitClaimRequest, UploadEvidenceRequest,
    },
    eligibility::v1::ListUsageRequest,
};

use super::DemoClaim;

impl DemoClaim<'_> {
    /// Uploads a document as proof of execution.
    pub(in crate::demo) async fn upload(&mut self, file_name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let message = UploadEvidenceRequest {
            metadata: Some(EvidenceMetadata {
                parent: self.current.name.clone(),
                file_name: file_name.into(),
                ..EvidenceMetadata::default()
            }),
            data: bytes.to_vec(),
        };
        let evidence = self.partner.claims().upload_evidence(tokio_stream::once(message)).await?.into_inner();
        let kind = evidence.kind().as_str_name().trim_start_matches("EVIDENCE_KIND_");
        let note = format!("uploads {file_name} ({kind}, {} bytes)", evidence.size_bytes);
        self.report("upload", self.partner.label, note).await
    }

    pub(in crate::demo) async fn submit(&mut self) -> anyhow::Result<()> {
        let request = SubmitClaimRequest { name: self.current.name.clone(), ..SubmitClaimRequest::default() };
        self.partner.claims().submit_claim(request).await?;
        self.report("submit", self.partner.label, "submits the claim".into()).await
    }

    /// Answers a reviewer's request for action by the partner.
    pub(in crate::demo) async fn resubmit(&mut self, comment: &str) -> anyhow::Result<()> {
        let request = ResubmitClaimRequest {
            name: self.current.name.clone(),
            comment: comment.into(),
            ..ResubmitClaimRequest::default()
        };
        self.partner.claims().resubmit_claim(request).await?;
        self.report("resubmit", self.partner.label, format!("resubmits the claim: “{comment}”")).await
    }

    /// Disputes the rejection, which opens a new review case.
    pub(in crate::demo) async fn dispute(&mut self, justification: &str) -> anyhow::Result<()> {
        let request = DisputeClaimRequest {
            name: self.current.name.clone(),
            justification: justification.into(),
            ..DisputeClaimRequest::default()
        };
        self.partner.claims().dispute_claim(request).await?;
        self.report("dispute", self.partner.label, format!("disputes the rejection: “{justification}”")).await
    }

    /// Reads the claim's last comment, which says that another partner claims the same
    /// subscription. Checks that the comment does not name that partner. `rival` is its name in
    /// lower case.
    pub(in crate::demo) async fn read_competition_comment(&mut self, rival: &str) -> anyhow::Result<()> {
        self.system.wait_until_idle().await?;
        let request = ListCommentsRequest { parent: self.current.name.clone(), ..ListCommentsRequest::default() };
        let comments = self.partner.claims().list_comments(request).await?.into_inner().comments;
        let comment = comments.last().context("the claim has no comments")?.text.clone();
        ensure!(!comment.to_lowercase().contains(rival), "the comment names the rival: {comment}");
        let first_sentence = comment.split_inclusive('.').next().unwrap_or_default();
        let note = format!("reads the comment: “{}”", first_sentence.trim());
        self.report("hear of a rival", self.partner.label, note).await
    }

    pub(in crate::demo) async fn comment(&mut self, text: &str) -> anyhow::Result<()> {
        let comment = Comment { text: text.into(), ..Comment::default() };
        let request = CreateCommentRequest {
            parent: self.current.name.clone(),
            comment: Some(comment),
            ..CreateCommentRequest::default()
        };
        self.partner.claims().create_comment(request).await?;
        self.report("comment", self.partner.label, format!("answers: “{text}”")).await
    }

    /// Reads the monthly usage of the claim's first line. The partner may read it because its
    /// association is official now.
    pub(in crate::demo) async fn read_usage(&mut self) -> anyhow::Result<()> {
        let line = self.current.lines.first().context("the claim has no line")?;
        // The key names the workload or subscription that the line claims.
        let parent = line.key.clone();
        let months = self
            .partner
            .eligibility()
            .list_usage(ListUsageRequest { parent, ..ListUsageRequest::default() })
            .await?
            .into_inner()
            .usage_months;
        let months: Vec<_> =
            months.iter().map(|usage| format!("{} {} users", usage.month, usage.active_users)).collect();
        self.report("read usage", self.partner.label, format!("can read the usage now: {}", months.join(", "))).await
    }

    /// Reads the whole history of the claim, and checks that it has no gaps.
    pub(in crate::demo) async fn read_history(&mut self) -> anyhow::Result<()> {
        let request =
            ListHistoryRequest { parent: self.current.name.clone(), page_size: 1000, ..ListHistoryRequest::default() };
        let entries = self.partner.claims().list_history(request).await?.into_inner().entries;
        ensure!(entries.iter().zip(1..).all(|(entry, position)| entry.position == position), "the history has gaps");
        let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
        self.report("read history", self.partner.label, format!("reads the history: {}", actions.join(" → "))).await
    }
}
