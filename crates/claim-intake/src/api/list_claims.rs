//! Implements ListClaims (R59). Cost: one read for a page.
//!
//! Indexes cover the claims of one partner ordered by creation, by last change or by due time, and
//! ordered by creation when filtered by `state`, `tenant_id` or `waits_for`. For all partners,
//! indexes cover the orders by creation and by due time, and the order by creation when filtered by
//! `waits_for`. Other filters scan the index of the order until the page is full. Other orders sort
//! all claims that match the filter.
use super::{RpcResult, convert, list_query::parse_list_query, view::View};
use crate::{error::CallError, service::ClaimIntake, store::Claims};
use cpor_call::status::{self, FieldViolation};
use cpor_listing::page;
use cpor_proto::{claims::v1 as wire, options::v1::FieldViolationReason};
use cpor_rpc::request::validate;
use cpor_types::Role;
use tonic::{Request, Response, Status};

pub(super) async fn list_claims(
    intake: &ClaimIntake,
    request: Request<wire::ListClaimsRequest>,
) -> RpcResult<wire::ListClaimsResponse> {
    let (caller, request) = validate(request)?;
    let (page_tokens, size) = (page::PageTokens::for_request(&request), page::effective_size(request.page_size));
    let query = parse_list_query(&request.parent, &request.filter, &request.order_by)?;
    if request.show_deleted && !caller.has_role(Role::Operator) {
        return Err(deleted_drafts_not_allowed());
    }
    let after = page_tokens.decode(&request.page_token)?;
    let claims = match request.show_deleted {
        true => Claims::in_scope_with_deleted(intake.reader(), &query.scope),
        false => Claims::in_scope(intake.reader(), &query.scope),
    };
    let rows = claims.list(&query, after.as_ref(), size + 1).await.map_err(CallError::from)?;
    let view = View::for_caller(&caller);
    let claims = rows
        .into_iter()
        .map(|(cursor, claim)| convert::claim_to_wire(claim, view, &intake.rules).map(|claim| (cursor, claim)));
    let (claims, next_page_token) = page_tokens.paginate(size, claims.collect::<Result<Vec<_>, CallError>>()?)?;
    Ok(Response::new(wire::ListClaimsResponse { claims, next_page_token }))
}

fn deleted_drafts_not_allowed() -> Status {
    status::invalid_fields(vec![FieldViolation {
        field: "show_deleted".to_owned(),
        reason: FieldViolationReason::NotAllowed.as_str_name().to_owned(),
        description: "only operators can list deleted drafts".to_owned(),
    }])
}
