//! StartReview (R19): one command, see `Api::give` for its cost.
use super::{Api, reviewer};
use cpor_kit::request::open;
use cpor_proto::reviews::v1::{ReviewCase as WireCase, StartReviewRequest};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) async fn handle(api: &Api, request: Request<StartReviewRequest>) -> Result<Response<WireCase>, Status> {
    let (caller, request) = open(request)?;
    let by = reviewer(&caller);
    let calendar = Arc::clone(&api.calendar);
    let committed =
        api.give("start_review", &caller, &request, move |case, now| case.start(&by, now, &calendar)).await?;
    Api::answer(&caller, committed)
}
