//! RejectReviewCase: rejects a claim (R24) with a primary reason (R31) and further reasons (R32).
//! Executes one command in one transaction; `Api::execute_command` lists the statements.
use super::{Api, error::from_refusal, reviewer};
use crate::domain::{Refusal, Rejection, ReviewCase};
use cpor_proto::WireEnum as _;
use cpor_proto::reviews::v1::{RejectReviewCaseRequest, ReviewCase as ProtoReviewCase};
use cpor_rpc::request::validate;
use cpor_types::PrimaryRejectionReason;
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<RejectReviewCaseRequest>,
) -> Result<Response<ProtoReviewCase>, Status> {
    let (caller, request) = validate(request)?;
    let (person, calendar) = (reviewer(&caller), Arc::clone(&api.calendar));
    let rejection = Rejection {
        primary_reason: PrimaryRejectionReason::from_number(request.primary_reason)
            .map_err(|_| from_refusal(&request.name, Refusal::ReasonNotOpen))?,
        further_reasons: request.further_reasons().filter_map(|reason| reason.try_into().ok()).collect(),
        comment: request.comment.clone(),
    };
    let decide = move |case: &ReviewCase, now| case.reject(&person, rejection.clone(), now, &calendar);
    let committed = api.execute_command("reject_review_case", &caller, &request, decide).await?;
    Api::case_response(&caller, &request.name, committed)
}
