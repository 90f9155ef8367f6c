//! `ListAssessments`: lists the assessments of a tenant, or of all tenants, page by page.
use cpor_durable::AggregateKey;
use cpor_listing::page::{self, PageTokens};
use cpor_proto::eligibility::v1::{ListAssessmentsRequest, ListAssessmentsResponse};
use cpor_rpc::request;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{Api, convert, error::Refusal, parse, scope::scope_of_caller};
use crate::store::assessments;

pub(super) async fn list_assessments(
    api: &Api,
    request: Request<ListAssessmentsRequest>,
) -> Result<Response<ListAssessmentsResponse>, Status> {
    let (caller, request) = request::validate(request)?;
    let page_tokens = PageTokens::for_request(&request);
    let after =
        page_tokens.decode::<(String, Uuid)>(&request.page_token)?.map(|(owner, id)| AggregateKey::new(owner, id));
    let (scope, tenant) = (scope_of_caller(&caller, &request.parent)?, parse::tenant_parent(&request.parent)?);
    let size = page::effective_size(request.page_size);
    let found = assessments::list(api.db.reader(), &scope, tenant, after.as_ref(), size + 1).await;
    let items = found.map_err(Refusal::Store)?.into_iter().map(|(key, found)| {
        let latest = found.state.latest.clone();
        ((key.owner, key.id), convert::to_assessment(&found.state, latest))
    });
    let (assessments, next_page_token) = page_tokens.paginate(size, items)?;
    Ok(Response::new(ListAssessmentsResponse { assessments, next_page_token }))
}
