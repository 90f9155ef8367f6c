//! Converts payouts to proto messages, and requests about payouts to commands. A payout is the
//! statement of a payment to one partner location in one currency.
use chrono::NaiveDate;
use cpor_durable::Etag;
use cpor_proto::{eligibility::v1 as wire, wire_time::to_wire_time};
use cpor_types::{Malformed, PartnerName, trim_blanks};

use crate::{
    api::{error::Refusal, parse},
    domain::{Payee, PayoutPeriod, PayoutStateKind, ReportedPayout, ReportedState},
    store::payouts::{PayoutTotals, StoredPayout},
};

pub(in crate::api) fn to_payout(stored: &StoredPayout) -> wire::Payout {
    let StoredPayout { version, payout, totals: PayoutTotals { line_count, amount } } = stored;
    let (sent, reversal) = (payout.state.sent(), payout.state.reversal());
    wire::Payout {
        name: payout.name().to_string(),
        mpn_id: payout.payee.mpn_id.to_string(),
        currency: payout.payee.currency.to_string(),
        payout_period: payout.period.to_string(),
        estimated_date: payout.estimated_date.to_string(),
        reference: payout.reference.clone().unwrap_or_default(),
        state: to_payout_state(payout.state.kind()).into(),
        amount: Some((*amount).into()),
        line_count: super::to_count(*line_count),
        actual_date: sent.map(|sent| sent.date.to_string()).unwrap_or_default(),
        create_time: Some(to_wire_time(payout.create_time)),
        process_time: payout.state.process_time().map(to_wire_time),
        send_time: sent.map(|sent| to_wire_time(sent.time)),
        reverse_time: reversal.map(|reversal| to_wire_time(reversal.time)),
        reversal_reason: reversal.map(|reversal| reversal.reason.clone()).unwrap_or_default(),
        etag: Etag::new(*version).to_string(),
    }
}

pub(in crate::api) const fn to_payout_state(state: PayoutStateKind) -> wire::PayoutState {
    match state {
        PayoutStateKind::Upcoming => wire::PayoutState::Upcoming,
        PayoutStateKind::Processing => wire::PayoutState::Processing,
        PayoutStateKind::Sent => wire::PayoutState::Sent,
        PayoutStateKind::Reversed => wire::PayoutState::Reversed,
    }
}

/// Parses a date. Returns `None` if the field is empty.
pub(in crate::api) fn parse_date(field: &'static str, text: &str) -> Result<Option<NaiveDate>, Refusal> {
    let malformed = |_| Refusal::Malformed { field, malformed: Malformed::new("a date in the form YYYY-MM-DD", text) };
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(malformed) }
}

/// Parses a date that must not be empty.
pub(in crate::api) fn parse_required_date(field: &'static str, text: &str) -> Result<NaiveDate, Refusal> {
    parse_date(field, text)?.ok_or(Refusal::Required { field })
}

/// Parses a row of `ImportPayouts`.
pub(in crate::api) fn parse_reported_payout(row: &wire::PayoutRow) -> Result<ReportedPayout, Refusal> {
    let payee = Payee {
        partner: parse::required::<PartnerName>("partner", &row.partner)?.partner,
        mpn_id: parse::required("mpn_id", &row.mpn_id)?,
        currency: parse::required("currency", &row.currency)?,
    };
    let required = |field, text: &str| match trim_blanks(text) {
        "" => Err(Refusal::Required { field }),
        text => Ok(text.to_owned()),
    };
    let reference = parse::reference(&row.reference);
    let state = match row.state() {
        wire::PayoutState::Unspecified => return Err(Refusal::Required { field: "state" }),
        wire::PayoutState::Upcoming => ReportedState::Upcoming,
        wire::PayoutState::Processing => ReportedState::Processing,
        wire::PayoutState::Sent => ReportedState::Sent {
            reference: required("reference", &row.reference)?,
            date: parse_required_date("actual_date", &row.actual_date)?,
        },
        wire::PayoutState::Reversed => {
            required("reference", &row.reference)?;
            ReportedState::Reversed { reason: required("reversal_reason", &row.reversal_reason)? }
        }
    };
    let period: PayoutPeriod = parse::required("payout_period", &row.payout_period)?;
    let estimated_date = parse_date("estimated_date", &row.estimated_date)?;
    Ok(ReportedPayout { payee, period, reference, estimated_date, state })
}
