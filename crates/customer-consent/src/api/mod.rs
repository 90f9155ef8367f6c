//! The RPCs of `cpor.consents.v1.ConsentService`, one file for each.

mod approve_consent;
mod call;
mod convert;
mod decline_consent;
mod error;
mod get_consent;
mod list_consents;
mod resend_notice;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use cpor_mail::Sender;
use cpor_proto::consents::v1::consent_service_server::ConsentService;
use cpor_proto::consents::v1::{
    ApproveConsentRequest, Consent, DeclineConsentRequest, GetConsentRequest, ListConsentsRequest,
    ListConsentsResponse, ResendNoticeRequest,
};
use cpor_types::Entropy;
use tonic::{Request, Response, Status};

use crate::consents::Consents;
use crate::notices::NoticeRenderer;

/// Implements the gRPC service.
pub(crate) struct Api {
    /// The consents of the service.
    pub(crate) consents: Consents,
    /// The source of ids for notices.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The sender of notices, woken up after a notice was queued.
    pub(crate) sender: Sender<NoticeRenderer>,
}

/// The result of an RPC.
type RpcResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ConsentService for Api {
    async fn get_consent(&self, request: Request<GetConsentRequest>) -> RpcResult<Consent> {
        get_consent::get_consent(self, request).await
    }

    async fn list_consents(&self, request: Request<ListConsentsRequest>) -> RpcResult<ListConsentsResponse> {
        list_consents::list_consents(self, request).await
    }

    async fn approve_consent(&self, request: Request<ApproveConsentRequest>) -> RpcResult<Consent> {
        approve_consent::approve_consent(self, request).await
    }

    async fn decline_consent(&self, request: Request<DeclineConsentRequest>) -> RpcResult<Consent> {
        decline_consent::decline_consent(self, request).await
    }

    async fn resend_notice(&self, request: Request<ResendNoticeRequest>) -> RpcResult<Consent> {
        resend_notice::resend_notice(self, request).await
    }
}
