//! StartReview: starts the review of a case (R19). Executes one command in one transaction;
//! `Api::execute_command` lists the statements.
use super::{Api, reviewer};
use crate::domain::ReviewCase;
use cpor_proto::reviews::v1::{ReviewCase as ProtoReviewCase, StartReviewRequest};
use cpor_rpc::request::validate;
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<StartReviewRequest>,
) -> Result<Response<ProtoReviewCase>, Status> {
    let (caller, request) = validate(request)?;
    let (person, calendar) = (reviewer(&caller), Arc::clone(&api.calendar));
    let decide = move |case: &ReviewCase, now| case.start(&person, now, &calendar);
    let committed = api.execute_command("start_review", &caller, &request, decide).await?;
    Api::case_response(&caller, &request.name, committed)
}
