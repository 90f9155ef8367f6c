//! `ProcessPayout` (R54a): records that a payment is under way. Executes one transaction, and one
//! query for the response.
use cpor_durable::RequestId;
use cpor_proto::eligibility::v1::{Payout, ProcessPayoutRequest};
use cpor_rpc::request;
use tonic::{Request, Response, Status};

use super::{Api, convert, parse, payout_writer::PayoutChange};
use crate::{domain::PayoutCommand, store::payouts};

pub(super) async fn process_payout(
    api: &Api,
    request: Request<ProcessPayoutRequest>,
) -> Result<Response<Payout>, Status> {
    let (caller, request) = request::validate(request)?;
    let command = PayoutCommand::Process {
        estimated_date: convert::parse_date("estimated_date", &request.estimated_date)?,
        reference: parse::reference(&request.reference),
    };
    let change = PayoutChange {
        command: "process_payout",
        key: payouts::payout_key(&parse::required("name", &request.name)?),
        etag: request.etag.clone(),
        request_id: RequestId::from_request(&caller, "ProcessPayout", &request)?,
        validate_only: request.validate_only,
    };
    Ok(Response::new(convert::to_payout(&api.execute_payout_command(&caller, change, command).await?)))
}
