//! `RecordPayout` (R54): a deprecated method that records one payment for a period. It creates a
//! payout of the only payee (location and currency) that has unpaid earnings, and marks it as sent,
//! in one transaction.
use cpor_durable::{AggregateKey, CommandError, RequestId};
use cpor_proto::eligibility::v1::{RecordPayoutRequest, RecordPayoutResponse};
use cpor_proto::wire_time::to_wire_time;
use cpor_rpc::request;
use cpor_types::{Entropy as _, PayoutId, Timestamp, trim_blanks};
use tonic::{Request, Response, Status};

use super::{
    Api, convert,
    error::{self, Refusal},
    parse,
    payout_writer::PayoutChange,
};
use crate::{
    domain::{Payee, Payout, PayoutPeriod, PayoutRefusal, ReportedPayout, ReportedState},
    store::payouts::{self, PayoutConflict, StoredPayout},
};

pub(super) async fn record_payout(
    api: &Api,
    request: Request<RecordPayoutRequest>,
) -> Result<Response<RecordPayoutResponse>, Status> {
    let (caller, request) = request::validate(request)?;
    let period: PayoutPeriod = parse::required("payout_period", &request.payout_period)?;
    let payees = payouts::list_two_payees(api.db.writer(), period).await.map_err(Refusal::Store)?;
    // Without exactly one payee, the command is refused, unless it repeats an earlier request.
    let payee = match <[Payee; 1]>::try_from(payees) {
        Ok([payee]) => Ok(payee),
        Err(payees) if payees.is_empty() => Err(PayoutRefusal::NothingDue),
        Err(_) => Err(PayoutRefusal::Ambiguous),
    };
    let uuid = api.entropy.uuid();
    // A command that is refused also needs a key. Its owner then does not matter.
    let owner = payee.as_ref().map_or_else(|_| period.to_string(), |payee| payee.partner.to_string());
    let change = PayoutChange {
        command: "record_payout",
        key: AggregateKey::new(owner, uuid),
        etag: String::new(),
        request_id: RequestId::from_request(&caller, "RecordPayout", &request)?,
        validate_only: request.validate_only,
    };
    let reference = trim_blanks(&request.reference).to_owned();
    let record = move |_: Option<&Payout>, now| create_sent(uuid.into(), payee.clone(), period, &reference, now);
    let empty_response = |now| {
        let (payout_period, reference) = (period.to_string(), request.reference.clone());
        RecordPayoutResponse { payout_period, reference, pay_time: Some(to_wire_time(now)), ..Default::default() }
    };
    match api.change_payout(&caller, &change, record).await {
        Ok(changed) => Ok(Response::new(to_response(&changed.stored))),
        Err(CommandError::Refused(PayoutRefusal::NothingDue) | CommandError::Conflict(PayoutConflict::NothingDue)) => {
            Ok(Response::new(empty_response(api.now().await?)))
        }
        Err(CommandError::Conflict(PayoutConflict::Exists)) => {
            // Another request may have paid everything in the meantime.
            let payees = payouts::list_two_payees(api.db.writer(), period).await.map_err(Refusal::Store)?;
            match payees.is_empty() {
                true => Ok(Response::new(empty_response(api.now().await?))),
                false => Err(Refusal::PayoutConflict(PayoutConflict::Exists).into()),
            }
        }
        Err(error) => Err(error::payout_error(&change.key, "", error)),
    }
}

fn to_response(stored: &StoredPayout) -> RecordPayoutResponse {
    RecordPayoutResponse {
        payout_period: stored.payout.period.to_string(),
        reference: stored.payout.reference.clone().unwrap_or_default(),
        pay_time: stored.payout.state.sent().map(|sent| to_wire_time(sent.time)),
        entry_count: convert::to_count(stored.totals.line_count),
        amounts: vec![stored.totals.amount.into()],
    }
}

/// Creates a payout that is sent now.
fn create_sent(
    id: PayoutId,
    payee: Result<Payee, PayoutRefusal>,
    period: PayoutPeriod,
    reference: &str,
    now: Timestamp,
) -> Result<Payout, PayoutRefusal> {
    if now < period.end() {
        return Err(PayoutRefusal::PeriodNotOver { end: period.end() });
    }
    let (reference, date) = (reference.to_owned(), now.date_naive());
    let reported = ReportedPayout {
        payee: payee?,
        period,
        reference: Some(reference.clone()),
        estimated_date: Some(date),
        state: ReportedState::Sent { reference, date },
    };
    Payout::advance_to(None, id, reported, now)
}
