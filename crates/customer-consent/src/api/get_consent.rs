//! The RPC `GetConsent`: returns a consent, which is the customer's side of one claim.

use cpor_call::status;
use cpor_proto::consents::v1::{Consent, GetConsentRequest};
use cpor_rpc::request;
use tonic::{Request, Response};

use super::convert::View;
use super::{Api, RpcResult, consent_key, convert};

/// Handles `GetConsent`. Takes two round trips to the database, or one if the business clock (by
/// which deadlines pass) is the clock of the process (real time on SQLite).
pub(super) async fn get_consent(api: &Api, request: Request<GetConsentRequest>) -> RpcResult<Consent> {
    let (caller, GetConsentRequest { name }) = request::validate(request)?;
    let found =
        api.consents.find(&consent_key(&name)?).await.map_err(|error| cpor_durable::status::store_error(&error))?;
    let found = found.ok_or_else(|| status::not_found(&name))?;
    Ok(Response::new(convert::to_proto(&found, View::for_caller(&caller))))
}
