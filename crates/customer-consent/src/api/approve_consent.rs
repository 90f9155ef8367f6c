//! The RPC `ApproveConsent`: approves a claim for the customer.

use cpor_durable::{Command, RequestId};
use cpor_proto::consents::v1::{ApproveConsentRequest, Consent};
use cpor_rpc::request;
use tonic::Request;

use super::{Api, RpcResult, consent_key, consent_response};
use crate::consents::CustomerDecision;
use crate::domain::Channel;

/// Handles `ApproveConsent`: approves the claim in its current form (R26a). If the request has an
/// etag, the consent must not have changed since the etag was issued. After the partner has edited
/// the claim, the link in an earlier mail cannot approve (R29), but a signed-in caller can, because
/// the caller sees the current claim.
///
/// Takes one transaction (five to seven round trips to the database and one fsync). Commands
/// that wait at the same time share it.
pub(super) async fn approve_consent(api: &Api, request: Request<ApproveConsentRequest>) -> RpcResult<Consent> {
    let (caller, request) = request::validate(request)?;
    let command = Command::new("approve_consent", consent_key(&request.name)?, caller.actor.clone())
        .expect_etag(&request.etag)
        .request(RequestId::from_request(&caller, "ApproveConsent", &request)?)
        .validate_only(request.validate_only);
    let decision = CustomerDecision::Approve;
    let result = api.consents.submit_decision(command, decision, Channel::SignedIn).await;
    consent_response(&caller, &request.name, result)
}
