//! `cpor.claims.v1.ClaimService`: every method is a file of its own, and this one only delegates.
//!
//! Costs are told per method: *reads* are indexed reads outside of a transaction, a *decision* is one transaction of
//! the writer, shared with whatever waits beside it: one load, three to six multi-row statements, one fsync.
mod batch_create_claims;
mod convert;
mod create_claim;
mod create_comment;
mod delete_claim;
mod delete_evidence;
mod dispute_claim;
mod download_evidence;
mod download_poe_template;
mod erase_personal_data;
mod error;
mod explain_claim;
mod export_claims;
mod export_file;
mod get_claim;
mod get_claim_receipt;
mod list_claims;
mod list_comments;
mod list_evidence;
mod list_history;
mod parse;
pub mod receipt;
mod resubmit_claim;
mod submit_claim;
mod update_claim;
mod upload_evidence;
mod view;
mod wanted;
mod watch_claims;
mod withdraw_claim;
mod words;

use crate::intake::Intake;
use cpor_proto::claims::v1::{
    BatchCreateClaimsRequest, BatchCreateClaimsResponse, Claim, ClaimExplanation, Comment, CreateClaimRequest,
    CreateCommentRequest, DeleteClaimRequest, DeleteEvidenceRequest, DisputeClaimRequest, DownloadEvidenceRequest,
    DownloadPoeTemplateRequest, DownloadPoeTemplateResponse, ErasePersonalDataRequest, Evidence, ExplainClaimRequest,
    ExportClaimsRequest, GetClaimReceiptRequest, GetClaimRequest, ListClaimsRequest, ListClaimsResponse,
    ListCommentsRequest, ListCommentsResponse, ListEvidenceRequest, ListEvidenceResponse, ListHistoryRequest,
    ListHistoryResponse, ResubmitClaimRequest, SubmitClaimRequest, UpdateClaimRequest, UploadEvidenceRequest,
    WatchClaimsRequest, WithdrawClaimRequest, claim_service_server::ClaimService,
};
use tonic::{Request, Response, Status, Streaming};

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ClaimService for Intake {
    type DownloadEvidenceStream = download_evidence::Download;
    type GetClaimReceiptStream = get_claim_receipt::Parts;
    type ExportClaimsStream = export_claims::Export;
    type WatchClaimsStream = watch_claims::Watch;

    async fn create_claim(&self, request: Request<CreateClaimRequest>) -> Answer<Claim> {
        create_claim::create_claim(self, request).await
    }

    async fn get_claim(&self, request: Request<GetClaimRequest>) -> Answer<Claim> {
        get_claim::get_claim(self, request).await
    }

    async fn list_claims(&self, request: Request<ListClaimsRequest>) -> Answer<ListClaimsResponse> {
        list_claims::list_claims(self, request).await
    }

    async fn update_claim(&self, request: Request<UpdateClaimRequest>) -> Answer<Claim> {
        update_claim::update_claim(self, request).await
    }

    async fn delete_claim(&self, request: Request<DeleteClaimRequest>) -> Answer<Claim> {
        delete_claim::delete_claim(self, request).await
    }

    async fn submit_claim(&self, request: Request<SubmitClaimRequest>) -> Answer<Claim> {
        submit_claim::submit_claim(self, request).await
    }

    async fn resubmit_claim(&self, request: Request<ResubmitClaimRequest>) -> Answer<Claim> {
        resubmit_claim::resubmit_claim(self, request).await
    }

    async fn withdraw_claim(&self, request: Request<WithdrawClaimRequest>) -> Answer<Claim> {
        withdraw_claim::withdraw_claim(self, request).await
    }

    async fn dispute_claim(&self, request: Request<DisputeClaimRequest>) -> Answer<Claim> {
        dispute_claim::dispute_claim(self, request).await
    }

    async fn erase_personal_data(&self, request: Request<ErasePersonalDataRequest>) -> Answer<Claim> {
        erase_personal_data::erase_personal_data(self, request).await
    }

    async fn upload_evidence(&self, request: Request<Streaming<UploadEvidenceRequest>>) -> Answer<Evidence> {
        upload_evidence::upload_evidence(self, request).await
    }

    async fn download_evidence(
        &self,
        request: Request<DownloadEvidenceRequest>,
    ) -> Answer<Self::DownloadEvidenceStream> {
        download_evidence::download_evidence(self, request).await
    }

    async fn list_evidence(&self, request: Request<ListEvidenceRequest>) -> Answer<ListEvidenceResponse> {
        list_evidence::list_evidence(self, request).await
    }

    async fn delete_evidence(&self, request: Request<DeleteEvidenceRequest>) -> Answer<Evidence> {
        delete_evidence::delete_evidence(self, request).await
    }

    async fn create_comment(&self, request: Request<CreateCommentRequest>) -> Answer<Comment> {
        create_comment::create_comment(self, request).await
    }

    async fn list_comments(&self, request: Request<ListCommentsRequest>) -> Answer<ListCommentsResponse> {
        list_comments::list_comments(self, request).await
    }

    async fn list_history(&self, request: Request<ListHistoryRequest>) -> Answer<ListHistoryResponse> {
        list_history::list_history(self, request).await
    }

    async fn download_poe_template(
        &self,
        request: Request<DownloadPoeTemplateRequest>,
    ) -> Answer<DownloadPoeTemplateResponse> {
        download_poe_template::download_poe_template(self, request).await
    }

    async fn explain_claim(&self, request: Request<ExplainClaimRequest>) -> Answer<ClaimExplanation> {
        explain_claim::explain_claim(self, request).await
    }

    async fn batch_create_claims(
        &self,
        request: Request<BatchCreateClaimsRequest>,
    ) -> Answer<BatchCreateClaimsResponse> {
        batch_create_claims::batch_create_claims(self, request).await
    }

    async fn export_claims(&self, request: Request<ExportClaimsRequest>) -> Answer<Self::ExportClaimsStream> {
        export_claims::export_claims(self, request).await
    }

    async fn get_claim_receipt(&self, request: Request<GetClaimReceiptRequest>) -> Answer<Self::GetClaimReceiptStream> {
        get_claim_receipt::get_claim_receipt(self, request).await
    }

    async fn watch_claims(&self, request: Request<WatchClaimsRequest>) -> Answer<Self::WatchClaimsStream> {
        watch_claims::watch_claims(self, request).await
    }
}
