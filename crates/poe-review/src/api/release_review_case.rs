//! ReleaseReviewCase (R19): one command, see `Api::give` for its cost.
use super::{Api, reviewer};
use cpor_kit::request::open;
use cpor_proto::reviews::v1::{ReleaseReviewCaseRequest, ReviewCase as WireCase};
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<ReleaseReviewCaseRequest>,
) -> Result<Response<WireCase>, Status> {
    let (caller, request) = open(request)?;
    let by = reviewer(&caller);
    let committed = api.give("release_review_case", &caller, &request, move |case, now| case.release(&by, now)).await?;
    Api::answer(&caller, committed)
}
