//! The RPC `ListConsents`: lists consents, each of which is the customer's side of one claim.

use cpor_call::status;
use cpor_listing::page;
use cpor_proto::consents::v1::{ConsentState, ListConsentsRequest, ListConsentsResponse};
use cpor_rpc::request;
use tonic::{Request, Response};

use super::convert::View;
use super::{Api, RpcResult, convert};
use crate::store::Filter;

/// Handles `ListConsents`. It takes one round trip to the database and no fsync. Consents are
/// listed as last committed: deadlines that have passed since then are not applied.
pub(super) async fn list_consents(api: &Api, request: Request<ListConsentsRequest>) -> RpcResult<ListConsentsResponse> {
    let (caller, request) = request::validate(request)?;
    // `tenants/-` stands for all tenants. Access control has already rejected it for customers.
    let owner = request.parent.strip_prefix("tenants/").ok_or_else(|| status::not_found(&request.parent))?;
    let page_tokens = page::PageTokens::for_request(&request);
    let after = page_tokens.decode(&request.page_token)?;
    let states = convert::states_in(ConsentState::try_from(request.state).unwrap_or_default());
    let filter = Filter { states, only_waiting_for_delivery: request.waiting_for_delivery };
    let owner = Some(owner).filter(|owner| *owner != "-");
    let size = page::effective_size(request.page_size);
    let found = api
        .consents
        .list(owner, &filter, after, size + 1)
        .await
        .map_err(|error| cpor_durable::status::store_error(&error))?;
    let view = View::for_caller(&caller);
    let consents = found.iter().map(|(cursor, consent)| (cursor, convert::to_proto(consent, view)));
    let (consents, next_page_token) = page_tokens.paginate(size, consents)?;
    Ok(Response::new(ListConsentsResponse { consents, next_page_token }))
}
