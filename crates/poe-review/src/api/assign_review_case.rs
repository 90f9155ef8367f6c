//! AssignReviewCase: assigns a case to a reviewer (R19). Executes one command in one transaction;
//! `Api::execute_command` lists the statements.
use super::{Api, reviewer};
use crate::domain::ReviewCase;
use cpor_proto::reviews::v1::{AssignReviewCaseRequest, ReviewCase as ProtoReviewCase};
use cpor_rpc::request::validate;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<AssignReviewCaseRequest>,
) -> Result<Response<ProtoReviewCase>, Status> {
    let (caller, request) = validate(request)?;
    let person = reviewer(&caller);
    let assignee = request.reviewer.clone();
    let decide = move |case: &ReviewCase, now| case.assign(&person, &assignee, now);
    let committed = api.execute_command("assign_review_case", &caller, &request, decide).await?;
    Api::case_response(&caller, &request.name, committed)
}
