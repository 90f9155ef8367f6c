//! The RPC `ListTenants`.
use cpor_listing::page::{self, PageTokens};
use cpor_proto::registry::v1::{ListTenantsRequest, ListTenantsResponse};
use cpor_rpc::request;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert, error};
use crate::store::lists::{self, TENANTS};

/// Lists the tenants, by default in the order of their names. Uses one query.
pub(super) async fn list_tenants(api: &Api, request: Request<ListTenantsRequest>) -> ApiResult<ListTenantsResponse> {
    let (_, request) = request::validate(request)?;
    let (page_tokens, size) = (PageTokens::for_request(&request), page::effective_size(request.page_size));
    let query = TENANTS.parse(&request.filter, &request.order_by)?;
    let after = page_tokens.decode(&request.page_token)?;
    let found = lists::tenants(api.db.reader(), &query, after.as_ref(), size + 1).await;
    let rows = found.map_err(error::read_failed)?;
    let entries = rows.into_iter().map(|(cursor, (id, profile))| (cursor, convert::tenant(id, &profile)));
    let (tenants, next_page_token) = page_tokens.paginate(size, entries)?;
    Ok(Response::new(ListTenantsResponse { tenants, next_page_token }))
}
