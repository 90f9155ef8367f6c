//! The RPC `RecordBounce`: an operator records that a notice (a mail to the customer contact)
//! bounced after the mail system had accepted it.

use cpor_durable::{Command, RequestId};
use cpor_proto::consents::v1::{Consent, RecordBounceRequest};
use cpor_rpc::request;
use tonic::Request;
use uuid::Uuid;

use super::{Api, RpcResult, consent_key, consent_response};
use crate::domain::Refusal;

/// Handles `RecordBounce` (R41b). Takes one transaction (five to seven round trips to the database
/// and one fsync). Commands that wait at the same time share it.
pub(super) async fn record_bounce(api: &Api, request: Request<RecordBounceRequest>) -> RpcResult<Consent> {
    let (caller, request) = request::validate(request)?;
    let notice: Uuid =
        request.notice_id.parse().map_err(|_| super::error::refusal_status(&request.name, Refusal::NoticeUnknown))?;
    let command = Command::new("record_bounce", consent_key(&request.name)?, caller.actor.clone())
        .expect_etag(&request.etag)
        .request(RequestId::from_request(&caller, "RecordBounce", &request)?)
        .validate_only(request.validate_only);
    let reason = format!("recorded by an operator {}", request.status_code).trim_end().to_owned();
    let result = api.consents.record_bounce(command, notice, reason).await;
    consent_response(&caller, &request.name, result)
}
