use cpor_durable::{Command, RequestId};
use cpor_proto::consents::v1::{ApproveConsentRequest, Consent};
use cpor_rpc::request;
use tonic::Request;

use super::{Api, RpcResult, consent_key, consent_response};
use crate::consents::CustomerDecision;
use crate::domain::Channel;

/// Handles `ApproveConsent`: approves the claim as it stands now (R26a), or only as of the etag if
/// the request has one. R29 keeps only outdated links from approving, because a signed-in caller
/// sees the claim as it is.
///
/// It takes one transaction of the writer, which it shares with waiting commands: five to seven
/// round trips to the database and one fsync.
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
