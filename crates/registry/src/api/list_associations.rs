//! The RPC `ListAssociations`.
use cpor_auth::Caller;
use cpor_listing::page::{self, PageTokens};
use cpor_proto::registry::v1::{ListAssociationsRequest, ListAssociationsResponse};
use cpor_rpc::request;
use cpor_types::TenantName;
use tonic::{Request, Response, Status};

use super::{Api, ApiResult, convert, error};
use crate::store::lists::{self, ASSOCIATIONS, AssociationScope};
use crate::store::query;

/// Lists the associations that the caller may see, by default the newest first. Uses three queries.
/// Indexes serve the default order of all associations, of a partner and of a tenant. A filter
/// scans the index of the order until the page is full.
pub(super) async fn list_associations(
    api: &Api,
    request: Request<ListAssociationsRequest>,
) -> ApiResult<ListAssociationsResponse> {
    let (caller, request) = request::validate(request)?;
    let query = ASSOCIATIONS.parse(&request.filter, &request.order_by)?;
    let scope = scope(&caller, &request)?;
    let (page_tokens, size) = (PageTokens::for_request(&request), page::effective_size(request.page_size));
    let after = page_tokens.decode(&request.page_token)?;
    let found = lists::associations(api.db.reader(), &scope, &query, after.as_ref(), size + 1).await;
    let entries = found.map_err(error::read_failed)?;
    let expected_ends = query::expected_ends(api.db.reader(), entries.iter().map(|(_, row)| row)).await;
    let expected_ends = expected_ends.map_err(error::read_failed)?;
    let entries = entries.iter().map(|(cursor, row)| (cursor, convert::association(row, &expected_ends)));
    let (associations, next_page_token) = page_tokens.paginate(size, entries)?;
    Ok(Response::new(ListAssociationsResponse { associations, next_page_token }))
}

/// Returns what the caller may see of the requested parent: a partner its own associations, a
/// customer those of its own tenant.
fn scope(caller: &Caller, request: &ListAssociationsRequest) -> Result<AssociationScope, Status> {
    let tenant = match request.parent.as_str() {
        // The name stands for all tenants.
        "tenants/-" => None,
        parent => Some(parent.parse::<TenantName>().map_err(error::malformed_field("parent"))?.tenant),
    };
    Ok(AssociationScope { tenant: caller.tenant.or(tenant), partner: caller.partner.clone() })
}
