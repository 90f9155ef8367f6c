//! The RPC `DeclineConsent`: declines a claim for the customer.

use cpor_durable::{Command, RequestId};
use cpor_proto::consents::v1::{Consent, DeclineConsentRequest};
use cpor_rpc::request;
use tonic::Request;

use super::{Api, RpcResult, consent_key, consent_response};
use crate::consents::CustomerDecision;
use crate::domain::Channel;

/// Handles `DeclineConsent`: declines the claim, with an optional comment (R26). Takes one
/// transaction (five to seven round trips to the database and one fsync). Commands that wait
/// at the same time share it.
pub(super) async fn decline_consent(api: &Api, request: Request<DeclineConsentRequest>) -> RpcResult<Consent> {
    let (caller, request) = request::validate(request)?;
    let command = Command::new("decline_consent", consent_key(&request.name)?, caller.actor.clone())
        .expect_etag(&request.etag)
        .request(RequestId::from_request(&caller, "DeclineConsent", &request)?)
        .validate_only(request.validate_only);
    let decision = CustomerDecision::Decline { comment: request.comment };
    let result = api.consents.submit_decision(command, decision, Channel::SignedIn).await;
    consent_response(&caller, &request.name, result)
}
