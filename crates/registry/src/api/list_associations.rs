//! The RPC `ListAssociations`.
use cpor_auth::Caller;
use cpor_listing::page::{self, PageTokens};
use cpor_proto::{
    registry::v1::{ListAssociationsRequest, ListAssociationsResponse},
    r#type::v1::AssociationState,
};
use cpor_rpc::request;
use cpor_types::{ClaimName, TenantName};
use tonic::{Request, Response, Status};

use super::{Api, ApiResult, convert, error};
use crate::store::query::{self, AssociationCursor, AssociationFilter, StateFilter};

/// Lists the associations that the caller may see, the newest first. Uses one query.
pub(super) async fn list_associations(
    api: &Api,
    request: Request<ListAssociationsRequest>,
) -> ApiResult<ListAssociationsResponse> {
    let (caller, request) = request::validate(request)?;
    let filter = filter(&caller, &request)?;
    let (page_tokens, size) = (PageTokens::for_request(&request), page::effective_size(request.page_size));
    let after = page_tokens.decode(&request.page_token)?;
    let rows = query::associations(api.db.reader(), &filter, after, size + 1).await.map_err(error::read_failed)?;
    let entries = rows.iter().map(|row| (AssociationCursor::from(row), convert::association(row)));
    let (associations, next_page_token) = page_tokens.paginate(size, entries)?;
    Ok(Response::new(ListAssociationsResponse { associations, next_page_token }))
}

/// Builds the filter of a request and limits it to the associations that the caller may see: a
/// partner sees its own associations, and a customer sees those of its own tenant.
fn filter(caller: &Caller, request: &ListAssociationsRequest) -> Result<AssociationFilter, Status> {
    let tenant = match request.parent.as_str() {
        "tenants/-" => None,
        parent => Some(parent.parse::<TenantName>().map_err(error::malformed_field("parent"))?.tenant),
    };
    let claim = match request.claim.as_str() {
        "" => None,
        claim => Some(claim.parse::<ClaimName>().map_err(error::malformed_field("claim"))?),
    };
    let state = match request.state() {
        AssociationState::Unspecified => None,
        AssociationState::Pending => Some(StateFilter::Pending),
        AssociationState::Official => Some(StateFilter::Official),
        AssociationState::Ended => Some(StateFilter::Ended),
    };
    Ok(AssociationFilter { tenant: caller.tenant.or(tenant), partner: caller.partner.clone(), claim, state })
}
