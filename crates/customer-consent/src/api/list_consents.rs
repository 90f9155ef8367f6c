//! The RPC `ListConsents`: lists consents, each of which is the customer's side of one claim.

use cpor_call::status;
use cpor_listing::page;
use cpor_proto::consents::v1::{ListConsentsRequest, ListConsentsResponse};
use cpor_rpc::request;
use cpor_types::TenantName;
use tonic::{Request, Response};

use super::convert::View;
use super::{Api, RpcResult, convert};
use crate::store::CONSENT_LIST;

/// Handles `ListConsents`. Takes one round trip to the database. Consents are listed as last
/// committed: deadlines that have passed since, such as the end of a consent window, are not
/// applied.
///
/// Indexes serve the default order (for one tenant, for all tenants, and for the consents with the
/// filter `waiting_for_delivery`) and the order by last change. Other filters scan the index of the
/// order until the page is full.
pub(super) async fn list_consents(api: &Api, request: Request<ListConsentsRequest>) -> RpcResult<ListConsentsResponse> {
    let (caller, request) = request::validate(request)?;
    // `tenants/-` stands for all tenants. Access control has already rejected it for customers.
    let tenant = match request.parent.as_str() {
        "tenants/-" => None,
        parent => {
            let TenantName { tenant } = parent.parse().map_err(|_| status::not_found(parent))?;
            Some(tenant.to_string())
        }
    };
    let page_tokens = page::PageTokens::for_request(&request);
    let after = page_tokens.decode(&request.page_token)?;
    let query = CONSENT_LIST.parse(&request.filter, &request.order_by)?;
    let size = page::effective_size(request.page_size);
    let found = api
        .consents
        .list(tenant.as_deref(), &query, after.as_ref(), size + 1)
        .await
        .map_err(|error| cpor_durable::status::store_error(&error))?;
    let view = View::for_caller(&caller);
    let consents = found.iter().map(|(cursor, consent)| (cursor, convert::to_proto(consent, view)));
    let (consents, next_page_token) = page_tokens.paginate(size, consents)?;
    Ok(Response::new(ListConsentsResponse { consents, next_page_token }))
}
