//! `RecordPayout` (R54): records that the unpaid earnings of a quarter have been paid, and marks
//! these earnings, in one transaction.
use cpor_durable::{Command, RequestId};
use cpor_proto::eligibility::v1::{RecordPayoutRequest, RecordPayoutResponse};
use cpor_proto::wire_time::to_wire_time;
use cpor_rpc::request;
use cpor_types::Entropy as _;
use tonic::{Request, Response, Status};

use super::{
    Api, convert,
    error::{self, Refusal},
    parse,
};
use crate::{
    domain::{Payout, PayoutPeriod},
    store::payouts,
};

pub(super) async fn record_payout(
    api: &Api,
    request: Request<RecordPayoutRequest>,
) -> Result<Response<RecordPayoutResponse>, Status> {
    let (caller, request) = request::validate(request)?;
    let period: PayoutPeriod = parse::required("payout_period", &request.payout_period)?;
    let (id, reference) = (api.entropy.uuid(), request.reference.clone());

    let command = Command::new("record_payout", payouts::payout_key(period, id), caller.actor.clone());
    let command = command.request(RequestId::from_request(&caller, "RecordPayout", &request)?);
    let record = move |_: Option<&Payout>, now| Payout::record(id, period, reference.clone(), now).map(Some);
    let committed = api.payout_writer.execute(command, record).await.map_err(error::command_error)?;

    let not_found = || Refusal::NotFound { resource: request.payout_period.clone() };
    let Payout { id, period, reference, pay_time } = committed.state.ok_or_else(not_found)?;
    // This reads from the writer's connection, because a reader might not see the commit yet.
    let (earnings, amounts) = payouts::totals(api.db.writer(), id).await.map_err(Refusal::Store)?;
    Ok(Response::new(RecordPayoutResponse {
        payout_period: period.to_string(),
        reference,
        pay_time: Some(to_wire_time(pay_time)),
        entry_count: convert::to_count(earnings),
        amounts: amounts.into_iter().map(Into::into).collect(),
    }))
}
