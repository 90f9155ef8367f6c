//! `RecordPayout` (R54): stores a payout and marks the earnings that it pays, in one transaction.
use cpor_durable::Command;
use cpor_kit::request;
use cpor_proto::eligibility::v1::{RecordPayoutRequest, RecordPayoutResponse};
use cpor_types::Entropy as _;
use tonic::{Request, Response, Status};

use super::{Api, command, convert, error::Refusal, parse};
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

    let command = Command::new("record_payout", payouts::payout_key(period, id), caller.actor.clone());
    let command = command.request(command::request_id(&caller, "RecordPayout", &request.request_id, &request));
    let record = move |_: Option<&Payout>, now| Payout::record(id, period, reference.clone(), now).map(Some);
    let committed = api.payout_writer.execute(command, record).await.map_err(command::writer_refusal)?;

    let not_found = || Refusal::NotFound { resource: request.payout_period.clone() };
    let Payout { id, period, reference, pay_time } = committed.state.ok_or_else(not_found)?;
    // The writer's connection is used because a reader might not see the commit yet.
    let (earnings, amounts) = payouts::totals(api.db.writer(), id).await.map_err(Refusal::Store)?;
    Ok(Response::new(RecordPayoutResponse {
        payout_period: period.to_string(),
        reference,
        pay_time: Some(convert::to_timestamp(pay_time)),
        entry_count: convert::to_count(earnings),
        amounts: amounts.into_iter().map(Into::into).collect(),
    }))
}
