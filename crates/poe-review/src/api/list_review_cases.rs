//! ListReviewCases: lists cases; by default the queue of open cases, the most urgent first.
//! Executes one query.
//!
//! Indexes serve the order by creation, and the order by due time: of all cases, of open cases, of
//! the open cases of one reviewer, and of the cases in one state. Other filters scan the index of
//! the order until the page is full.
use super::{Api, case_for_caller, from_proto};
use crate::store::case_query::{CASE_LIST, CaseQuery};
use cpor_listing::page::{self, PageTokens};
use cpor_proto::reviews::v1::{ListReviewCasesRequest, ListReviewCasesResponse};
use cpor_rpc::request::validate;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<ListReviewCasesRequest>,
) -> Result<Response<ListReviewCasesResponse>, Status> {
    let (caller, request) = validate(request)?;
    let list_query = CASE_LIST.parse(&request.filter, &request.order_by)?;
    let page_tokens = PageTokens::for_request(&request);
    let after = page_tokens.decode(&request.page_token)?;
    let query = match from_proto::tenant_parent(&request.parent)? {
        Some(tenant) => CaseQuery::for_tenant(api.db.reader(), tenant),
        None => CaseQuery::for_all_tenants(api.db.reader()),
    };
    let size = page::effective_size(request.page_size);
    // One case more than the page holds tells whether there is a next page.
    let cases = query.list(&list_query, after.as_ref(), size + 1).await;
    let cases = cases.map_err(|cause| cpor_durable::status::store_error(&cause))?;
    let messages = cases.iter().map(|(cursor, case)| (cursor, case_for_caller(&caller, case)));
    let (review_cases, next_page_token) = page_tokens.paginate(size, messages)?;
    Ok(Response::new(ListReviewCasesResponse { review_cases, next_page_token }))
}
