//! `ListAssessments`: lists the assessments (whether and how much the lines of claims, the claimed
//! workloads or subscriptions, earn) of a tenant, or of all tenants, page by page, by default in
//! the order of their names. Executes one query.
//!
//! Indexes serve both orders (by name and by official time) for all assessments, and the default
//! order for the assessments of a tenant and of a partner.
use cpor_listing::page::{self, PageTokens};
use cpor_proto::eligibility::v1::{ListAssessmentsRequest, ListAssessmentsResponse};
use cpor_rpc::request;
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, parse, scope::scope_of_caller};
use crate::store::assessments::{self, ASSESSMENTS};

pub(super) async fn list_assessments(
    api: &Api,
    request: Request<ListAssessmentsRequest>,
) -> Result<Response<ListAssessmentsResponse>, Status> {
    let (caller, request) = request::validate(request)?;
    let page_tokens = PageTokens::for_request(&request);
    let query = ASSESSMENTS.parse(&request.filter, &request.order_by)?;
    let after = page_tokens.decode(&request.page_token)?;
    let (scope, tenant) = (scope_of_caller(&caller, &request.parent)?, parse::tenant_parent(&request.parent)?);
    let size = page::effective_size(request.page_size);
    let found = assessments::list_matching(api.db.reader(), &scope, tenant, &query, after.as_ref(), size + 1).await;
    let items = found.map_err(Refusal::Store)?.into_iter().map(|(cursor, found)| {
        let latest = found.state.latest.clone();
        (cursor, convert::to_assessment(&found.state, latest))
    });
    let (assessments, next_page_token) = page_tokens.paginate(size, items)?;
    Ok(Response::new(ListAssessmentsResponse { assessments, next_page_token }))
}
