//! GetReviewCase. One round trip, no fsync.
use super::{Api, convert, error, seen_by};
use crate::store::query::Cases;
use cpor_kit::request::open;
use cpor_proto::reviews::v1::{GetReviewCaseRequest, ReviewCase as WireCase};
use tonic::{Request, Response, Status};

pub(super) async fn handle(api: &Api, request: Request<GetReviewCaseRequest>) -> Result<Response<WireCase>, Status> {
    let (caller, request) = open(request)?;
    let name = convert::case_name(&request.name)?;
    let found = Cases::of(api.db.reader(), name.tenant).find(name.case).await.map_err(|error| error::unread(&error))?;
    found.map(|case| Response::new(seen_by(&caller, &case))).ok_or_else(error::not_found)
}
