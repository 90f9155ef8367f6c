//! `GetPayout` (R54a): returns a payout. Executes one query.
use cpor_proto::eligibility::v1::{GetPayoutRequest, Payout};
use cpor_rpc::request;
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, parse};
use crate::store::payouts;

pub(super) async fn get_payout(api: &Api, request: Request<GetPayoutRequest>) -> Result<Response<Payout>, Status> {
    let (_, GetPayoutRequest { name }) = request::validate(request)?;
    let found = payouts::get(api.db.reader(), &parse::required("name", &name)?).await.map_err(Refusal::Store)?;
    let payout = found.ok_or(Refusal::NotFound { resource: name })?;
    Ok(Response::new(convert::to_payout(&payout)))
}
