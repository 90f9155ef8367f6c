//! `ReversePayout` (R54a): records that a payment was reversed, so that its earnings are unpaid
//! again. Executes one transaction, and one query for the response.
use cpor_durable::RequestId;
use cpor_proto::eligibility::v1::{Payout, ReversePayoutRequest};
use cpor_rpc::request;
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, parse, payout_writer::PayoutChange};
use crate::{domain::PayoutCommand, store::payouts};

pub(super) async fn reverse_payout(
    api: &Api,
    request: Request<ReversePayoutRequest>,
) -> Result<Response<Payout>, Status> {
    let (caller, request) = request::validate(request)?;
    if request.reason.trim().is_empty() {
        return Err(Refusal::Required { field: "reason" }.into());
    }
    let change = PayoutChange {
        command: "reverse_payout",
        key: payouts::payout_key(&parse::required("name", &request.name)?),
        etag: request.etag.clone(),
        request_id: RequestId::from_request(&caller, "ReversePayout", &request)?,
        validate_only: request.validate_only,
    };
    let command = PayoutCommand::Reverse { reason: request.reason };
    Ok(Response::new(convert::to_payout(&api.execute_payout_command(&caller, change, command).await?)))
}
