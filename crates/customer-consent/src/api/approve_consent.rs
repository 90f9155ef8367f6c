use cpor_durable::{Command, Versioned};
use cpor_kit::{request, status};
use cpor_proto::consents::v1::{ApproveConsentRequest, Consent};
use tonic::{Request, Response};

use super::convert::View;
use super::{Answer, Api, call, convert, error};
use crate::consents::Word;
use crate::domain::Channel;

/// Approves the claim as it stands (R26a), or as of the etag, where the caller sends what it has shown: R29 takes the power to approve from
/// outdated links alone, and a signed-in caller reads the claim itself.
///
/// One transaction of the writer, shared with the commands that wait beside it: five to seven round trips, one fsync.
pub(super) async fn approve_consent(api: &Api, request: Request<ApproveConsentRequest>) -> Answer<Consent> {
    let (caller, ApproveConsentRequest { name, etag, request_id }) = request::open(request)?;
    let bare = ApproveConsentRequest { name: name.clone(), etag: etag.clone(), request_id: String::new() };
    let command = Command::new("approve_consent", call::key(&name)?, caller.actor.clone())
        .expecting(call::expected(&etag)?)
        .request(call::request_id(&caller, "ApproveConsent", &request_id, &bare));
    let answer = api.consents.say(command, Word::Approve, Channel::SignedIn).await;
    let committed = answer.map_err(|failure| error::failed(&name, failure))?;
    let state = committed.state.ok_or_else(|| status::not_found(&name))?;
    Ok(Response::new(convert::consent(&Versioned::new(committed.version, state), View::of(&caller))))
}
