use cpor_durable::{Command, Versioned};
use cpor_kit::{request, status};
use cpor_proto::consents::v1::{Consent, DeclineConsentRequest};
use tonic::{Request, Response};

use super::convert::View;
use super::{Api, RpcResult, call, convert, error};
use crate::consents::CustomerDecision;
use crate::domain::Channel;

/// Handles `DeclineConsent` (R26). It takes one transaction of the writer, which it shares with
/// waiting commands: five to seven round trips to the database and one fsync.
pub(super) async fn decline_consent(api: &Api, request: Request<DeclineConsentRequest>) -> RpcResult<Consent> {
    let (caller, request) = request::validate(request)?;
    let request_without_id = DeclineConsentRequest { request_id: String::new(), ..request.clone() };
    let DeclineConsentRequest { name, comment, etag, request_id } = request;
    let command = Command::new("decline_consent", call::consent_key(&name)?, caller.actor.clone())
        .expect_version(call::expected_version(&etag)?)
        .request(call::request_id(&caller, "DeclineConsent", &request_id, &request_without_id));
    let result = api.consents.submit_decision(command, CustomerDecision::Decline { comment }, Channel::SignedIn).await;
    let committed = result.map_err(|failure| error::command_error(&name, failure))?;
    let state = committed.state.ok_or_else(|| status::not_found(&name))?;
    Ok(Response::new(convert::to_proto(&Versioned::new(committed.version, state), View::for_caller(&caller))))
}
