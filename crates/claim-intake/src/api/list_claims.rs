//! Implements ListClaims (R59). Cost: one read for a page.
//!
//! Indexes cover the claims of one partner ordered by creation or by last change, and ordered by
//! creation when filtered by `state`, `tenant_id` or `waits_for`. For all partners, indexes cover
//! the order by creation, alone or filtered by `waits_for`. With another filter, the database scans
//! the index of the order until the page is full. With another order, it sorts all claims that
//! match the filter.
use super::{RpcResult, convert, list_query::parse_list_query, view::View};
use crate::{
    error::CallError,
    service::ClaimIntake,
    store::{Claims, ListCursor},
};
use cpor_listing::page;
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use tonic::{Request, Response};

pub(super) async fn list_claims(
    intake: &ClaimIntake,
    request: Request<wire::ListClaimsRequest>,
) -> RpcResult<wire::ListClaimsResponse> {
    let (caller, request) = validate(request)?;
    let (page_tokens, size) = (page::PageTokens::for_request(&request), page::effective_size(request.page_size));
    let query = parse_list_query(&request.parent, &request.filter, &request.order_by)?;
    let after: Option<ListCursor> = page_tokens.decode(&request.page_token)?;
    let claims = Claims::in_scope(intake.reader(), &query.scope);
    let rows = claims.list(&query, after, size + 1).await.map_err(CallError::from)?;
    let view = View::for_caller(&caller);
    let claims = rows
        .into_iter()
        .map(|(cursor, claim)| convert::claim_to_wire(claim, view, &intake.rules).map(|claim| (cursor, claim)));
    let (claims, next_page_token) = page_tokens.paginate(size, claims.collect::<Result<Vec<_>, CallError>>()?)?;
    Ok(Response::new(wire::ListClaimsResponse { claims, next_page_token }))
}
