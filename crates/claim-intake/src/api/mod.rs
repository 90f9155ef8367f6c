//! The implementation of the gRPC service `cpor.claims.v1.ClaimService`. Each RPC has a file of its
//! own. The trait implementation in this file only delegates to them.
//!
//! The module documentation of each RPC states its cost. A *read* is an indexed read outside a
//! transaction. The *writer* is the task that commits commands. A *transaction* is one load, three
//! to six multi-row statements and one fsync; commands that wait at the same time share it. The
//! *registry* is the service that checks the content of claims.
mod batch_create_claims;
mod convert;
mod create_claim;
mod create_comment;
mod customer_view;
mod decline_payment;
mod delete_claim;
mod delete_evidence;
mod dispute_claim;
mod download_evidence;
mod download_poe_template;
mod enums;
mod erase_personal_data;
mod error;
mod explain_claim;
mod export_claim_receipt;
mod export_claims;
mod export_file;
mod get_claim;
mod get_comment;
mod get_evidence;
mod list_claims;
mod list_comments;
mod list_evidence;
mod list_history;
mod list_query;
mod parse;
mod resubmit_claim;
mod submit_claim;
mod suggest_claim_lines;
mod update_claim;
mod upload_evidence;
mod view;
mod watch_claims;
mod withdraw_claim;

use crate::service::ClaimIntake;
use cpor_proto::claims::v1::{
    BatchCreateClaimsRequest, BatchCreateClaimsResponse, Claim, ClaimExplanation, Comment, CreateClaimRequest,
    CreateCommentRequest, DeclinePaymentRequest, DeleteClaimRequest, DeleteEvidenceRequest, DisputeClaimRequest,
    DownloadEvidenceRequest, DownloadPoeTemplateRequest, DownloadPoeTemplateResponse, ErasePersonalDataRequest,
    Evidence, ExplainClaimRequest, ExportClaimReceiptRequest, ExportClaimsRequest, GetClaimRequest, GetCommentRequest,
    GetEvidenceRequest, ListClaimsRequest, ListClaimsResponse, ListCommentsRequest, ListCommentsResponse,
    ListEvidenceRequest, ListEvidenceResponse, ListHistoryRequest, ListHistoryResponse, ResubmitClaimRequest,
    SubmitClaimRequest, SuggestClaimLinesRequest, SuggestClaimLinesResponse, UpdateClaimRequest, UploadEvidenceRequest,
    WatchClaimsRequest, WatchClaimsResponse, WithdrawClaimRequest, claim_service_server::ClaimService,
};
use tonic::{Request, Response, Status, Streaming};

/// The result of an RPC handler.
type RpcResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ClaimService for ClaimIntake {
    type DownloadEvidenceStream = download_evidence::DownloadStream;
    type ExportClaimReceiptStream = export_claim_receipt::ReceiptStream;
    type ExportClaimsStream = export_claims::ExportStream;
    type WatchClaimsStream = cpor_durable::watch::WatchStream<WatchClaimsResponse>;

    async fn create_claim(&self, request: Request<CreateClaimRequest>) -> RpcResult<Claim> {
        create_claim::create_claim(self, request).await
    }

    async fn get_claim(&self, request: Request<GetClaimRequest>) -> RpcResult<Claim> {
        get_claim::get_claim(self, request).await
    }

    async fn list_claims(&self, request: Request<ListClaimsRequest>) -> RpcResult<ListClaimsResponse> {
        list_claims::list_claims(self, request).await
    }

    async fn update_claim(&self, request: Request<UpdateClaimRequest>) -> RpcResult<Claim> {
        update_claim::update_claim(self, request).await
    }

    async fn delete_claim(&self, request: Request<DeleteClaimRequest>) -> RpcResult<Claim> {
        delete_claim::delete_claim(self, request).await
    }

    async fn submit_claim(&self, request: Request<SubmitClaimRequest>) -> RpcResult<Claim> {
        submit_claim::submit_claim(self, request).await
    }

    async fn resubmit_claim(&self, request: Request<ResubmitClaimRequest>) -> RpcResult<Claim> {
        resubmit_claim::resubmit_claim(self, request).await
    }

    async fn withdraw_claim(&self, request: Request<WithdrawClaimRequest>) -> RpcResult<Claim> {
        withdraw_claim::withdraw_claim(self, request).await
    }

    async fn decline_payment(&self, request: Request<DeclinePaymentRequest>) -> RpcResult<Claim> {
        decline_payment::decline_payment(self, request).await
    }

    async fn dispute_claim(&self, request: Request<DisputeClaimRequest>) -> RpcResult<Claim> {
        dispute_claim::dispute_claim(self, request).await
    }

    async fn erase_personal_data(&self, request: Request<ErasePersonalDataRequest>) -> RpcResult<Claim> {
        erase_personal_data::erase_personal_data(self, request).await
    }

    async fn upload_evidence(&self, request: Request<Streaming<UploadEvidenceRequest>>) -> RpcResult<Evidence> {
        upload_evidence::upload_evidence(self, request).await
    }

    async fn download_evidence(
        &self,
        request: Request<DownloadEvidenceRequest>,
    ) -> RpcResult<Self::DownloadEvidenceStream> {
        download_evidence::download_evidence(self, request).await
    }

    async fn get_evidence(&self, request: Request<GetEvidenceRequest>) -> RpcResult<Evidence> {
        get_evidence::get_evidence(self, request).await
    }

    async fn list_evidence(&self, request: Request<ListEvidenceRequest>) -> RpcResult<ListEvidenceResponse> {
        list_evidence::list_evidence(self, request).await
    }

    async fn delete_evidence(&self, request: Request<DeleteEvidenceRequest>) -> RpcResult<Evidence> {
        delete_evidence::delete_evidence(self, request).await
    }

    async fn create_comment(&self, request: Request<CreateCommentRequest>) -> RpcResult<Comment> {
        create_comment::create_comment(self, request).await
    }

    async fn get_comment(&self, request: Request<GetCommentRequest>) -> RpcResult<Comment> {
        get_comment::get_comment(self, request).await
    }

    async fn list_comments(&self, request: Request<ListCommentsRequest>) -> RpcResult<ListCommentsResponse> {
        list_comments::list_comments(self, request).await
    }

    async fn list_history(&self, request: Request<ListHistoryRequest>) -> RpcResult<ListHistoryResponse> {
        list_history::list_history(self, request).await
    }

    async fn download_poe_template(
        &self,
        request: Request<DownloadPoeTemplateRequest>,
    ) -> RpcResult<DownloadPoeTemplateResponse> {
        download_poe_template::download_poe_template(self, request).await
    }

    async fn suggest_claim_lines(
        &self,
        request: Request<SuggestClaimLinesRequest>,
    ) -> RpcResult<SuggestClaimLinesResponse> {
        suggest_claim_lines::suggest_claim_lines(self, request).await
    }

    async fn explain_claim(&self, request: Request<ExplainClaimRequest>) -> RpcResult<ClaimExplanation> {
        explain_claim::explain_claim(self, request).await
    }

    async fn batch_create_claims(
        &self,
        request: Request<BatchCreateClaimsRequest>,
    ) -> RpcResult<BatchCreateClaimsResponse> {
        batch_create_claims::batch_create_claims(self, request).await
    }

    async fn export_claims(&self, request: Request<ExportClaimsRequest>) -> RpcResult<Self::ExportClaimsStream> {
        export_claims::export_claims(self, request).await
    }

    async fn export_claim_receipt(
        &self,
        request: Request<ExportClaimReceiptRequest>,
    ) -> RpcResult<Self::ExportClaimReceiptStream> {
        export_claim_receipt::export_claim_receipt(self, request).await
    }

    async fn watch_claims(&self, request: Request<WatchClaimsRequest>) -> RpcResult<Self::WatchClaimsStream> {
        watch_claims::watch_claims(self, request).await
    }
}
