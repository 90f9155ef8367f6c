//! ReleaseReviewCase: removes the assignment of a case, so that other reviewers can take it (R19).
//! Executes one command in one transaction; `Api::execute_command` lists the statements.
use super::{Api, reviewer};
use crate::domain::ReviewCase;
use cpor_proto::reviews::v1::{ReleaseReviewCaseRequest, ReviewCase as ProtoReviewCase};
use cpor_rpc::request::validate;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<ReleaseReviewCaseRequest>,
) -> Result<Response<ProtoReviewCase>, Status> {
    let (caller, request) = validate(request)?;
    let person = reviewer(&caller);
    let decide = move |case: &ReviewCase, now| case.release(&person, now);
    let committed = api.execute_command("release_review_case", &caller, &request, decide).await?;
    Api::case_response(&caller, &request.name, committed)
}
