//! GetReviewCase: returns one case. Executes one query.
use super::{Api, case_for_caller, from_proto};
use crate::store::case_query::CaseQuery;
use cpor_call::status;
use cpor_proto::reviews::v1::{GetReviewCaseRequest, ReviewCase as ProtoReviewCase};
use cpor_rpc::request::validate;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<GetReviewCaseRequest>,
) -> Result<Response<ProtoReviewCase>, Status> {
    let (caller, request) = validate(request)?;
    let name = from_proto::case_name(&request.name)?;
    let case = CaseQuery::for_tenant(api.db.reader(), name.tenant).find(name.case).await;
    let case = case
        .map_err(|cause| cpor_durable::status::store_error(&cause))?
        .ok_or_else(|| status::not_found(&request.name))?;
    Ok(Response::new(case_for_caller(&caller, &case)))
}
