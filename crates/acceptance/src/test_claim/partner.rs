//! The partner's calls, and the erasure of personal data.

use cpor_proto::{
    claims::v1::{
        Claim, Comment, CreateCommentRequest, DeclinePaymentRequest, DeleteClaimRequest, DeleteEvidenceRequest,
        DisputeClaimRequest, DownloadEvidenceRequest, DownloadPoeTemplateRequest, DownloadPoeTemplateResponse,
        ErasePersonalDataRequest, Evidence, ListCommentsRequest, ListEvidenceRequest, ResubmitClaimRequest,
        SubmitClaimRequest, UpdateClaimRequest, UploadEvidenceRequest, WithdrawClaimRequest, WithdrawReason,
    },
    r#type::v1::{Activity, PersonalDataKind},
};
use prost_types::FieldMask;
use tonic::Streaming;

use super::{ApiResult, TestClaim};
use crate::{Actor, Mail};

impl TestClaim<'_> {
    /// Updates the named fields of the claim.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn update(&self, claim: Claim, fields: &[&str]) -> ApiResult<Claim> {
        let update_mask = Some(FieldMask { paths: fields.iter().map(|field| (*field).to_owned()).collect() });
        let claim = Some(Claim { name: self.name.clone(), ..claim });
        let request = UpdateClaimRequest { claim, update_mask, ..UpdateClaimRequest::default() };
        Ok(self.partner.claims().update_claim(request).await?.into_inner())
    }

    /// Deletes the draft.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn delete(&self) -> ApiResult<Claim> {
        let request = DeleteClaimRequest { name: self.name.clone(), ..DeleteClaimRequest::default() };
        Ok(self.partner.claims().delete_claim(request).await?.into_inner())
    }

    /// Submits the claim.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn submit(&self) -> ApiResult<Claim> {
        let request = SubmitClaimRequest { name: self.name.clone(), ..SubmitClaimRequest::default() };
        Ok(self.partner.claims().submit_claim(request).await?.into_inner())
    }

    /// Resubmits the claim in answer to a request for partner action.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn resubmit(&self, comment: &str) -> ApiResult<Claim> {
        let request = ResubmitClaimRequest {
            name: self.name.clone(),
            comment: comment.into(),
            ..ResubmitClaimRequest::default()
        };
        Ok(self.partner.claims().resubmit_claim(request).await?.into_inner())
    }

    /// Disputes the rejection of the claim.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn dispute(&self, justification: &str) -> ApiResult<Claim> {
        let request = DisputeClaimRequest {
            name: self.name.clone(),
            justification: justification.into(),
            ..DisputeClaimRequest::default()
        };
        Ok(self.partner.claims().dispute_claim(request).await?.into_inner())
    }

    /// Withdraws the claim.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn withdraw(&self, reason: WithdrawReason, comment: &str) -> ApiResult<Claim> {
        let request = WithdrawClaimRequest {
            name: self.name.clone(),
            reason: reason.into(),
            comment: comment.into(),
            ..WithdrawClaimRequest::default()
        };
        Ok(self.partner.claims().withdraw_claim(request).await?.into_inner())
    }

    /// Declines payment for the claim.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn decline_payment(&self) -> ApiResult<Claim> {
        let request = DeclinePaymentRequest { name: self.name.clone(), ..DeclinePaymentRequest::default() };
        Ok(self.partner.claims().decline_payment(request).await?.into_inner())
    }

    /// Erases personal data of these kinds, or of all kinds if `kinds` is empty, as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn erase(&self, actor: &Actor, kinds: &[PersonalDataKind]) -> ApiResult<Claim> {
        let request = ErasePersonalDataRequest {
            name: self.name.clone(),
            kinds: kinds.iter().map(|kind| (*kind).into()).collect(),
            reason: "Request 7".into(),
            ..ErasePersonalDataRequest::default()
        };
        Ok(actor.claims().erase_personal_data(request).await?.into_inner())
    }

    /// Uploads a small document in one part.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn upload(&self, file_name: &str, bytes: &[u8]) -> ApiResult<Evidence> {
        self.upload_parts(vec![self.upload_message(file_name, bytes)]).await
    }

    /// Uploads a document in these parts.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn upload_parts(&self, parts: Vec<UploadEvidenceRequest>) -> ApiResult<Evidence> {
        Ok(self.partner.claims().upload_evidence(tokio_stream::iter(parts)).await?.into_inner())
    }

    /// Deletes a document of the claim. `evidence` is its resource name.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn remove(&self, evidence: &str) -> ApiResult<Evidence> {
        let request = DeleteEvidenceRequest { name: evidence.into(), ..DeleteEvidenceRequest::default() };
        Ok(self.partner.claims().delete_evidence(request).await?.into_inner())
    }

    /// Lists the documents of the claim.
    pub async fn evidence(&self) -> Vec<Evidence> {
        let request = ListEvidenceRequest { parent: self.name.clone(), ..ListEvidenceRequest::default() };
        self.partner.claims().list_evidence(request).await.expect("the documents").into_inner().evidence
    }

    /// Downloads a document as `actor`: its metadata and its bytes.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn download(&self, actor: &Actor, evidence: &str) -> ApiResult<(Evidence, Vec<u8>)> {
        let request = DownloadEvidenceRequest { name: evidence.into() };
        let mut parts: Streaming<_> = actor.claims().download_evidence(request).await?.into_inner();
        let (mut metadata, mut bytes) = (None, Vec::new());
        while let Some(part) = parts.message().await? {
            assert!(part.evidence.is_none() || metadata.is_none(), "the metadata is sent once");
            metadata = metadata.or(part.evidence);
            bytes.extend(part.data);
        }
        Ok((metadata.expect("metadata"), bytes))
    }

    /// Downloads the template of the proof of execution, as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn poe_template(&self, actor: &Actor, activity: Activity) -> ApiResult<DownloadPoeTemplateResponse> {
        let request = DownloadPoeTemplateRequest { name: self.name.clone(), activity: activity.into() };
        Ok(actor.claims().download_poe_template(request).await?.into_inner())
    }

    /// Returns the mails to the partner contact about the claim, in the order of the decisions that
    /// caused them.
    pub async fn partner_mails(&self) -> Vec<Mail> {
        let contact = self.claim().await.partner_contact.expect("a partner contact");
        let mut mails = self.system.mails_to(&contact.email);
        mails.retain(|mail| mail.text.contains(&self.name));
        mails
    }

    /// Creates a comment as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn comment(&self, actor: &Actor, text: &str) -> ApiResult<Comment> {
        let comment = Some(Comment { text: text.into(), ..Comment::default() });
        let request = CreateCommentRequest { parent: self.name.clone(), comment, ..CreateCommentRequest::default() };
        Ok(actor.claims().create_comment(request).await?.into_inner())
    }

    /// Creates a comment about a document, a line, or both, as `actor`.
    ///
    /// # Errors
    /// Returns the status if the API refuses the request.
    pub async fn comment_on(&self, actor: &Actor, evidence: &str, line_id: &str) -> ApiResult<Comment> {
        let (evidence, line_id) = (evidence.into(), line_id.into());
        let comment = Some(Comment { text: "See there.".into(), evidence, line_id, ..Comment::default() });
        let request = CreateCommentRequest { parent: self.name.clone(), comment, ..CreateCommentRequest::default() };
        Ok(actor.claims().create_comment(request).await?.into_inner())
    }

    /// Lists the comments as the partner.
    pub async fn comments(&self) -> Vec<Comment> {
        let request = ListCommentsRequest { parent: self.name.clone(), ..ListCommentsRequest::default() };
        self.partner.claims().list_comments(request).await.expect("the comments").into_inner().comments
    }
}
