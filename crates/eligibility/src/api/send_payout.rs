//! `SendPayout` (R54a): records that a payment was sent, so that the earnings on the payout are
//! paid. Executes one transaction, and one query for the response.
use cpor_durable::RequestId;
use cpor_proto::eligibility::v1::{Payout, SendPayoutRequest};
use cpor_rpc::request;
use cpor_types::trim_blanks;
use tonic::{Request, Response, Status};

use super::{Api, convert, parse, payout_writer::PayoutChange};
use crate::{domain::PayoutCommand, store::payouts};

pub(super) async fn send_payout(api: &Api, request: Request<SendPayoutRequest>) -> Result<Response<Payout>, Status> {
    let (caller, request) = request::validate(request)?;
    let command = PayoutCommand::Send {
        reference: trim_blanks(&request.reference).to_owned(),
        date: convert::parse_required_date("actual_date", &request.actual_date)?,
    };
    let change = PayoutChange {
        command: "send_payout",
        key: payouts::payout_key(&parse::required("name", &request.name)?),
        etag: request.etag.clone(),
        request_id: RequestId::from_request(&caller, "SendPayout", &request)?,
        validate_only: request.validate_only,
    };
    Ok(Response::new(convert::to_payout(&api.execute_payout_command(&caller, change, command).await?)))
}
