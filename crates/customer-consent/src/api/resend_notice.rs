//! The RPC `ResendNotice`: sends the last notice (a mail to the customer contact) again.

use cpor_durable::{Command, RequestId};
use cpor_proto::consents::v1::{Consent, ResendNoticeRequest};
use cpor_rpc::request;
use tonic::Request;

use super::{Api, RpcResult, consent_key, consent_response};

/// Handles `ResendNotice`: queues the last mail to the customer contact again (R44). Takes one
/// transaction (five to seven round trips to the database and one fsync), which commands that wait
/// at the same time share. The mail is sent in the background.
pub(super) async fn resend_notice(api: &Api, request: Request<ResendNoticeRequest>) -> RpcResult<Consent> {
    let (caller, request) = request::validate(request)?;
    let command = Command::new("resend_notice", consent_key(&request.name)?, caller.actor.clone())
        .expect_etag(&request.etag)
        .request(RequestId::from_request(&caller, "ResendNotice", &request)?)
        .validate_only(request.validate_only);
    let result = api.consents.resend_notice(command, api.entropy.uuid()).await;
    api.sender.wake();
    consent_response(&caller, &request.name, result)
}
