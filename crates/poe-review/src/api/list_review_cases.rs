//! ListReviewCases: lists the queue of cases, the most urgent first. Executes one query along an
//! index.
use super::{
    Api, case_for_caller,
    error::{self},
    from_proto,
};
use crate::store::case_query::{AssigneeFilter, CaseFilter, CaseQuery, QueueCursor};
use cpor_listing::page::{self, PageTokens};
use cpor_proto::options::v1::FieldViolationReason;
use cpor_proto::reviews::v1::{ListReviewCasesRequest, ListReviewCasesResponse};
use cpor_rpc::request::validate;
use cpor_types::{ClaimName, Malformed, TenantId};
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<ListReviewCasesRequest>,
) -> Result<Response<ListReviewCasesResponse>, Status> {
    let (caller, request) = validate(request)?;
    let (page_tokens, filter) = (PageTokens::for_request(&request), parse_filter(&request)?);
    let after: Option<QueueCursor> = page_tokens.decode(&request.page_token)?;
    let query = match parse_tenant(&request.parent)? {
        Some(tenant) => CaseQuery::for_tenant(api.db.reader(), tenant),
        None => CaseQuery::for_all_tenants(api.db.reader()),
    };
    let size = page::effective_size(request.page_size);
    // One more case than fits on the page shows whether there is a next page.
    let cases =
        query.list(&filter, after, size + 1).await.map_err(|cause| cpor_durable::status::store_error(&cause))?;
    let messages = cases.iter().map(|(cursor, case)| (cursor, case_for_caller(&caller, case)));
    let (review_cases, next_page_token) = page_tokens.paginate(size, messages)?;
    Ok(Response::new(ListReviewCasesResponse { review_cases, next_page_token }))
}

/// Parses the parent `tenants/{tenant}`. Returns `None` for `tenants/-`, which means all tenants.
fn parse_tenant(parent: &str) -> Result<Option<TenantId>, Status> {
    match parent.strip_prefix("tenants/") {
        Some("-") => Ok(None),
        tenant => tenant.unwrap_or(parent).parse().map(Some).map_err(|malformed: Malformed| {
            error::invalid_field("parent", FieldViolationReason::Malformed, &malformed.to_string())
        }),
    }
}

fn parse_filter(request: &ListReviewCasesRequest) -> Result<CaseFilter, Status> {
    let assignee = match request.reviewer.as_str() {
        "" => AssigneeFilter::Any,
        "-" => AssigneeFilter::Unassigned,
        subject => AssigneeFilter::Subject(subject.to_owned()),
    };
    let claim = (!request.claim.is_empty()).then(|| request.claim.parse::<ClaimName>()).transpose();
    let claim = claim
        .map_err(|malformed| error::invalid_field("claim", FieldViolationReason::Malformed, &malformed.to_string()))?;
    Ok(CaseFilter { phase: from_proto::phase(request.state()), assignee, claim, overdue_only: request.overdue })
}
