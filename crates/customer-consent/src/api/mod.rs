//! The RPCs of `cpor.consents.v1.ConsentService`, one file for each.

mod approve_consent;
mod convert;
mod decline_consent;
mod error;
mod get_consent;
mod list_consents;
mod record_bounce;
mod resend_notice;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use cpor_auth::Caller;
use cpor_call::status;
use cpor_durable::{AggregateKey, Versioned};
use cpor_mail::Sender;
use cpor_proto::consents::v1::consent_service_server::ConsentService;
use cpor_proto::consents::v1::{
    ApproveConsentRequest, Consent, DeclineConsentRequest, GetConsentRequest, ListConsentsRequest,
    ListConsentsResponse, RecordBounceRequest, ResendNoticeRequest,
};
use cpor_types::{ConsentName, Entropy};
use tonic::{Request, Response, Status};

pub(crate) use self::resend_notice::NoticeLimit;

use self::convert::View;
use crate::consents::{CommandResult, Consents};
use crate::notices::NoticeRenderer;

/// Implements the gRPC service.
pub(crate) struct Api {
    /// The consents of the service.
    pub(crate) consents: Consents,
    /// The source of ids for notices.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The sender of notices (mails to the customer). It is woken up after a notice was queued.
    pub(crate) sender: Sender<NoticeRenderer>,
    /// Limits how often the notice of a claim is sent again.
    pub(crate) resends: NoticeLimit,
}

type RpcResult<T> = Result<Response<T>, Status>;

/// Returns the storage key of the consent with this resource name. A malformed name is reported as
/// not found.
fn consent_key(name: &str) -> Result<AggregateKey, Status> {
    let parsed: ConsentName = name.parse().map_err(|_| status::not_found(name))?;
    Ok(AggregateKey::new(parsed.tenant.to_string(), parsed.claim.uuid()))
}

/// Converts the result of a command on the consent with the resource name `name`.
fn consent_response(caller: &Caller, name: &str, result: CommandResult) -> RpcResult<Consent> {
    let committed = result.map_err(|failure| error::command_error(name, failure))?;
    let state = committed.state.ok_or_else(|| status::not_found(name))?;
    Ok(Response::new(convert::to_proto(&Versioned::new(committed.version, state), View::for_caller(caller))))
}

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

    async fn record_bounce(&self, request: Request<RecordBounceRequest>) -> RpcResult<Consent> {
        record_bounce::record_bounce(self, request).await
    }
}
