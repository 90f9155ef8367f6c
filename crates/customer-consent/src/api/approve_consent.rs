use cpor_durable::{Command, Versioned};
use cpor_kit::{request, status};
use cpor_proto::consents::v1::{ApproveConsentRequest, Consent};
use tonic::{Request, Response};

use super::convert::View;
use super::{Api, RpcResult, call, convert, error};
use crate::consents::CustomerDecision;
use crate::domain::Channel;

/// Handles `ApproveConsent`: approves the claim as it stands now (R26a), or only as of the etag if
/// the request has one. R29 keeps only outdated links from approving, because a signed-in caller
/// sees the claim as it is.
///
/// It takes one transaction of the writer, which it shares with waiting commands: five to seven
/// round trips to the database and one fsync.
pub(super) async fn approve_consent(api: &Api, request: Request<ApproveConsentRequest>) -> RpcResult<Consent> {
    let (caller, ApproveConsentRequest { name, etag, request_id }) = request::validate(request)?;
    let request_without_id =
        ApproveConsentRequest { name: name.clone(), etag: etag.clone(), request_id: String::new() };
    let command = Command::new("approve_consent", call::consent_key(&name)?, caller.actor.clone())
        .expect_version(call::expected_version(&etag)?)
        .request(call::request_id(&caller, "ApproveConsent", &request_id, &request_without_id));
    let result = api.consents.submit_decision(command, CustomerDecision::Approve, Channel::SignedIn).await;
    let committed = result.map_err(|failure| error::command_error(&name, failure))?;
    let state = committed.state.ok_or_else(|| status::not_found(&name))?;
    Ok(Response::new(convert::to_proto(&Versioned::new(committed.version, state), View::for_caller(&caller))))
}
