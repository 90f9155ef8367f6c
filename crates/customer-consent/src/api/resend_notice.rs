use cpor_durable::{Command, Versioned};
use cpor_kit::{request, status};
use cpor_proto::consents::v1::{Consent, ResendNoticeRequest};
use tonic::{Request, Response};

use super::convert::View;
use super::{Api, RpcResult, call, convert, error};

/// Handles `ResendNotice` (R44). It takes one transaction of the writer, which it shares with
/// waiting commands: five to seven round trips to the database and one fsync. The mail is sent
/// after the response.
pub(super) async fn resend_notice(api: &Api, request: Request<ResendNoticeRequest>) -> RpcResult<Consent> {
    let (caller, ResendNoticeRequest { name, request_id }) = request::validate(request)?;
    let request_without_id = ResendNoticeRequest { name: name.clone(), request_id: String::new() };
    let command = Command::new("resend_notice", call::consent_key(&name)?, caller.actor.clone())
        .request(call::request_id(&caller, "ResendNotice", &request_id, &request_without_id));
    let result = api.consents.resend_notice(command, api.entropy.uuid()).await;
    let committed = result.map_err(|failure| error::command_error(&name, failure))?;
    api.sender.wake();
    let state = committed.state.ok_or_else(|| status::not_found(&name))?;
    Ok(Response::new(convert::to_proto(&Versioned::new(committed.version, state), View::for_caller(&caller))))
}
