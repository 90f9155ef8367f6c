//! AssignReviewCase (R19): one command, see `Api::give` for its cost.
use super::{Api, reviewer};
use cpor_kit::request::open;
use cpor_proto::reviews::v1::{AssignReviewCaseRequest, ReviewCase as WireCase};
use tonic::{Request, Response, Status};

pub(super) async fn handle(api: &Api, request: Request<AssignReviewCaseRequest>) -> Result<Response<WireCase>, Status> {
    let (caller, request) = open(request)?;
    let by = reviewer(&caller);
    let to = request.reviewer.clone();
    let committed =
        api.give("assign_review_case", &caller, &request, move |case, now| case.assign(&by, &to, now)).await?;
    Api::answer(&caller, committed)
}
