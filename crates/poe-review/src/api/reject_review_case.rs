//! RejectReviewCase (R24, R31, R32): one command, see `Api::give` for its cost.
use super::{Api, convert, error::refused, reviewer};
use crate::domain::{Refusal, Rejection, ReviewCase};
use cpor_kit::request::open;
use cpor_proto::reviews::v1::{RejectReviewCaseRequest, ReviewCase as WireCase};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn handle(api: &Api, request: Request<RejectReviewCaseRequest>) -> Result<Response<WireCase>, Status> {
    let (caller, request) = open(request)?;
    let by = reviewer(&caller);
    let calendar = Arc::clone(&api.calendar);
    let rejection = Rejection {
        primary_reason: convert::primary_reason(request.primary_reason())
            .ok_or_else(|| refused(Refusal::ReasonNotOpen))?,
        further_reasons: request.further_reasons().filter_map(convert::further_reason).collect(),
        comment: request.comment.clone(),
    };
    let decide = move |case: &ReviewCase, now| case.reject(&by, rejection.clone(), now, &calendar);
    let committed = api.give("reject_review_case", &caller, &request, decide).await?;
    Api::answer(&caller, committed)
}
