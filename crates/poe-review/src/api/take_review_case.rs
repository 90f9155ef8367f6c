//! TakeReviewCase: assigns an unassigned case to the caller (R19). Executes one command in one
//! transaction; `Api::execute_command` lists the statements.
use super::{Api, reviewer};
use crate::domain::ReviewCase;
use cpor_proto::reviews::v1::{ReviewCase as ProtoReviewCase, TakeReviewCaseRequest};
use cpor_rpc::request::validate;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<TakeReviewCaseRequest>,
) -> Result<Response<ProtoReviewCase>, Status> {
    let (caller, request) = validate(request)?;
    let person = reviewer(&caller);
    let decide = move |case: &ReviewCase, now| case.take(&person, now);
    let committed = api.execute_command("take_review_case", &caller, &request, decide).await?;
    Api::case_response(&caller, &request.name, committed)
}
