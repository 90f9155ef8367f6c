//! What a partner does to a claim, and an operator for those whom it names.

use cpor_proto::claims::v1::{
    Activity, Claim, Comment, CreateCommentRequest, DeleteClaimRequest, DeleteEvidenceRequest, DisputeClaimRequest,
    DownloadEvidenceRequest, DownloadPoeTemplateRequest, DownloadPoeTemplateResponse, ErasePersonalDataRequest,
    Evidence, ListCommentsRequest, ListEvidenceRequest, PersonalDataKind, ResubmitClaimRequest, SubmitClaimRequest,
    UpdateClaimRequest, UploadEvidenceRequest, WithdrawClaimRequest, WithdrawReason,
};
use prost_types::FieldMask;
use tonic::Streaming;

use super::{Answer, Case};
use crate::{Actor, Mail};

impl Case<'_> {
    /// Changes the named fields of the draft.
    ///
    /// # Errors
    /// As the API's.
    pub async fn update(&self, claim: Claim, fields: &[&str]) -> Answer<Claim> {
        let update_mask = Some(FieldMask { paths: fields.iter().map(|field| (*field).to_owned()).collect() });
        let claim = Some(Claim { name: self.name.clone(), ..claim });
        let request = UpdateClaimRequest { claim, update_mask, ..UpdateClaimRequest::default() };
        Ok(self.partner.claims().update_claim(request).await?.into_inner())
    }

    /// Deletes the draft.
    ///
    /// # Errors
    /// As the API's.
    pub async fn delete(&self) -> Answer<Claim> {
        let request = DeleteClaimRequest { name: self.name.clone(), ..DeleteClaimRequest::default() };
        Ok(self.partner.claims().delete_claim(request).await?.into_inner())
    }

    /// Submits it.
    ///
    /// # Errors
    /// As the API's.
    pub async fn submit(&self) -> Answer<Claim> {
        let request = SubmitClaimRequest { name: self.name.clone(), ..SubmitClaimRequest::default() };
        Ok(self.partner.claims().submit_claim(request).await?.into_inner())
    }

    /// Answers the reviewer's request.
    ///
    /// # Errors
    /// As the API's.
    pub async fn resubmit(&self, comment: &str) -> Answer<Claim> {
        let request = ResubmitClaimRequest {
            name: self.name.clone(),
            comment: comment.into(),
            ..ResubmitClaimRequest::default()
        };
        Ok(self.partner.claims().resubmit_claim(request).await?.into_inner())
    }

    /// Disputes its rejection.
    ///
    /// # Errors
    /// As the API's.
    pub async fn dispute(&self, justification: &str) -> Answer<Claim> {
        let request = DisputeClaimRequest {
            name: self.name.clone(),
            justification: justification.into(),
            ..DisputeClaimRequest::default()
        };
        Ok(self.partner.claims().dispute_claim(request).await?.into_inner())
    }

    /// Withdraws it.
    ///
    /// # Errors
    /// As the API's.
    pub async fn withdraw(&self, reason: WithdrawReason, comment: &str) -> Answer<Claim> {
        let request = WithdrawClaimRequest {
            name: self.name.clone(),
            reason: reason.into(),
            comment: comment.into(),
            ..WithdrawClaimRequest::default()
        };
        Ok(self.partner.claims().withdraw_claim(request).await?.into_inner())
    }

    /// Somebody erases personal data of these kinds; none: all of it.
    ///
    /// # Errors
    /// As the API's.
    pub async fn erase(&self, actor: &Actor, kinds: &[PersonalDataKind]) -> Answer<Claim> {
        let request = ErasePersonalDataRequest {
            name: self.name.clone(),
            kinds: kinds.iter().map(|kind| (*kind).into()).collect(),
            reason: "Request 7".into(),
            ..ErasePersonalDataRequest::default()
        };
        Ok(actor.claims().erase_personal_data(request).await?.into_inner())
    }

    /// Uploads a small document in one message.
    ///
    /// # Errors
    /// As the API's.
    pub async fn upload(&self, file_name: &str, bytes: &[u8]) -> Answer<Evidence> {
        self.upload_parts(vec![self.upload_message(file_name, bytes)]).await
    }

    /// Uploads a document in these messages.
    ///
    /// # Errors
    /// As the API's.
    pub async fn upload_parts(&self, parts: Vec<UploadEvidenceRequest>) -> Answer<Evidence> {
        Ok(self.partner.claims().upload_evidence(tokio_stream::iter(parts)).await?.into_inner())
    }

    /// Takes a document out of the draft.
    ///
    /// # Errors
    /// As the API's.
    pub async fn remove(&self, evidence: &str) -> Answer<Evidence> {
        let request = DeleteEvidenceRequest { name: evidence.into(), ..DeleteEvidenceRequest::default() };
        Ok(self.partner.claims().delete_evidence(request).await?.into_inner())
    }

    /// Its documents.
    pub async fn evidence(&self) -> Vec<Evidence> {
        let request = ListEvidenceRequest { parent: self.name.clone(), ..ListEvidenceRequest::default() };
        self.partner.claims().list_evidence(request).await.expect("the documents").into_inner().evidence
    }

    /// A document's metadata and bytes, as somebody gets them.
    ///
    /// # Errors
    /// As the API's.
    pub async fn download(&self, actor: &Actor, evidence: &str) -> Answer<(Evidence, Vec<u8>)> {
        let request = DownloadEvidenceRequest { name: evidence.into() };
        let mut parts: Streaming<_> = actor.claims().download_evidence(request).await?.into_inner();
        let (mut metadata, mut bytes) = (None, Vec::new());
        while let Some(part) = parts.message().await? {
            assert!(part.evidence.is_none() || metadata.is_none(), "metadata come once");
            metadata = metadata.or(part.evidence);
            bytes.extend(part.data);
        }
        Ok((metadata.expect("metadata"), bytes))
    }

    /// The proof of execution to be filled in, as somebody gets it.
    ///
    /// # Errors
    /// As the API's.
    pub async fn poe_template(&self, actor: &Actor, activity: Activity) -> Answer<DownloadPoeTemplateResponse> {
        let request = DownloadPoeTemplateRequest { name: self.name.clone(), activity: activity.into() };
        Ok(actor.claims().download_poe_template(request).await?.into_inner())
    }

    /// The mails to its partner contact about it, in the order in which they were decided.
    pub async fn partner_mails(&self) -> Vec<Mail> {
        let contact = self.claim().await.partner_contact.expect("a partner contact");
        let mut mails = self.world.mails_to(&contact.email);
        mails.retain(|mail| mail.text.contains(&self.name));
        mails
    }

    /// Somebody writes a comment.
    ///
    /// # Errors
    /// As the API's.
    pub async fn comment(&self, actor: &Actor, text: &str) -> Answer<Comment> {
        let comment = Some(Comment { text: text.into(), ..Comment::default() });
        let request = CreateCommentRequest { parent: self.name.clone(), comment, ..CreateCommentRequest::default() };
        Ok(actor.claims().create_comment(request).await?.into_inner())
    }

    /// Somebody writes a comment about a document, a line, or both.
    ///
    /// # Errors
    /// As the API's.
    pub async fn comment_on(&self, actor: &Actor, evidence: &str, line_id: &str) -> Answer<Comment> {
        let (evidence, line_id) = (evidence.into(), line_id.into());
        let comment = Some(Comment { text: "See there.".into(), evidence, line_id, ..Comment::default() });
        let request = CreateCommentRequest { parent: self.name.clone(), comment, ..CreateCommentRequest::default() };
        Ok(actor.claims().create_comment(request).await?.into_inner())
    }

    /// Its comments, as the partner reads them.
    pub async fn comments(&self) -> Vec<Comment> {
        let request = ListCommentsRequest { parent: self.name.clone(), ..ListCommentsRequest::default() };
        self.partner.claims().list_comments(request).await.expect("the comments").into_inner().comments
    }
}
