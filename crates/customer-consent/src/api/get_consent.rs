use cpor_kit::{request, status};
use cpor_proto::consents::v1::{Consent, GetConsentRequest};
use tonic::{Request, Response};

use super::convert::View;
use super::{Answer, Api, call, convert, error};

/// Two round trips to the database (one where the business clock is the process's), no fsync.
pub(super) async fn get_consent(api: &Api, request: Request<GetConsentRequest>) -> Answer<Consent> {
    let (caller, GetConsentRequest { name }) = request::open(request)?;
    let found = api.consents.find(&call::key(&name)?).await.map_err(error::unread)?;
    let found = found.ok_or_else(|| status::not_found(&name))?;
    Ok(Response::new(convert::consent(&found, View::of(&caller))))
}
