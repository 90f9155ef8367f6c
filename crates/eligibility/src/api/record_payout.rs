//! `RecordPayout` (R54): one transaction that keeps the payout and marks what it pays.
use cpor_durable::Command;
use cpor_kit::request;
use cpor_proto::eligibility::v1::{RecordPayoutRequest, RecordPayoutResponse};
use cpor_types::Entropy as _;
use tonic::{Request, Response, Status};

use super::{Api, call, convert, error::Refusal, parse};
use crate::{
    domain::{Payout, PayoutPeriod},
    store::payouts,
};

pub(super) async fn record_payout(
    api: &Api,
    request: Request<RecordPayoutRequest>,
) -> Result<Response<RecordPayoutResponse>, Status> {
    let (caller, request) = request::open(request)?;
    let period: PayoutPeriod = parse::required("payout_period", &request.payout_period)?;
    let (id, reference) = (api.entropy.uuid(), request.reference.clone());

    let command = Command::new("record_payout", payouts::key(period, id), caller.actor.clone());
    let command = command.request(call::request_id(&caller, "RecordPayout", &request.request_id, &request));
    let record = move |_: Option<&Payout>, now| Payout::record(id, period, reference.clone(), now).map(Some);
    let committed = api.payouts.execute(command, record).await.map_err(call::failed)?;

    let resource = || Refusal::NotFound { resource: request.payout_period.clone() };
    let Payout { id, period, reference, pay_time } = committed.state.ok_or_else(resource)?;
    // By the writing pool: what was committed a moment ago.
    let (lines, amounts) = payouts::paid(api.db.writer(), id).await.map_err(Refusal::Store)?;
    Ok(Response::new(RecordPayoutResponse {
        payout_period: period.to_string(),
        reference,
        pay_time: Some(convert::timestamp(pay_time)),
        lines: convert::count(lines),
        amounts: amounts.into_iter().map(convert::money).collect(),
    }))
}
