//! `ImportPayouts` (R54a): brings payouts to the states that the rows report, and returns one
//! result for each row. A payout is the statement of a payment to a partner. A refused row does not
//! affect the others.
//!
//! A payee is a location of a partner and a currency. The rows about one payee are sorted
//! ([`sort_by_payment`]) and imported one after the other, so that their order in the request does
//! not matter. Each row needs a query that finds the payout, a transaction, which rows about
//! different payees can share, and a query for the result.
use std::collections::{BTreeMap, BTreeSet};

use cpor_auth::Caller;
use cpor_call::status;
use cpor_durable::RequestId;
use cpor_proto::eligibility::v1::{
    ImportPayoutsRequest, ImportPayoutsResponse, ImportPayoutsResult, import_payouts_result::Outcome,
};
use cpor_rpc::request;
use cpor_types::{Entropy as _, PayoutName};
use futures_util::future::join_all;
use tonic::{Request, Response, Status};

use super::{
    Api, convert,
    error::{self, Refusal},
    payout_writer::PayoutChange,
};
use crate::{
    domain::{Payee, Payout, PayoutStateKind, ReportedPayout},
    store::payouts,
};

/// A row that can be imported, with its place in the request.
struct CheckedRow {
    index: usize,
    reported: ReportedPayout,
    request_id: Option<RequestId>,
}

pub(super) async fn import_payouts(
    api: &Api,
    request: Request<ImportPayoutsRequest>,
) -> Result<Response<ImportPayoutsResponse>, Status> {
    let (caller, request, mut violations) = request::validate_rows(request, "rows")?;
    let mut results = BTreeMap::new();
    let mut rows = BTreeMap::<Payee, Vec<CheckedRow>>::new();
    for (index, row) in request.rows.iter().enumerate() {
        let checked = match violations.remove(&index) {
            Some(violations) => Err(status::invalid_fields(violations)),
            None => convert::parse_reported_payout(row).map_err(Status::from),
        };
        match checked {
            Ok(reported) => {
                let request_id = RequestId::of_row(&caller, "ImportPayouts", &request.request_id, index, row);
                let rows_of_payee = rows.entry(reported.payee.clone()).or_default();
                rows_of_payee.push(CheckedRow { index, reported, request_id });
            }
            Err(refused) => drop(results.insert(index, refused_result(&refused))),
        }
    }
    let rows = rows.into_values().map(sort_by_payment);
    let imports = rows.map(|rows| import_rows(api, &caller, rows, request.validate_only));
    results.extend(join_all(imports).await.into_iter().flatten());
    Ok(Response::new(ImportPayoutsResponse { results: results.into_values().collect() }))
}

/// Sorts the rows about one payee by period, payment and state. Within a period, rows without a
/// reference and rows of a reversed payment come before the rows of the payment that replaces it.
fn sort_by_payment(mut rows: Vec<CheckedRow>) -> Vec<CheckedRow> {
    let reversed = rows.iter().filter(|row| row.reported.state.kind() == PayoutStateKind::Reversed);
    let reversed: BTreeSet<_> = reversed.map(|row| row.reported.reference.clone()).collect();
    rows.sort_by_cached_key(|CheckedRow { index, reported, .. }| {
        let ReportedPayout { period, reference, estimated_date, state, .. } = reported;
        let comes_first = reference.is_none() || reversed.contains(reference);
        (*period, !comes_first, reference.clone(), state.kind(), *estimated_date, *index)
    });
    rows
}

/// Imports rows about the same payee, one after the other.
async fn import_rows(
    api: &Api,
    caller: &Caller,
    rows: Vec<CheckedRow>,
    validate_only: bool,
) -> Vec<(usize, ImportPayoutsResult)> {
    let mut results = Vec::with_capacity(rows.len());
    for CheckedRow { index, reported, request_id } in rows {
        let imported = import_row(api, caller, reported, request_id, validate_only).await;
        results.push((index, imported.unwrap_or_else(|refused| refused_result(&refused))));
    }
    results
}

async fn import_row(
    api: &Api,
    caller: &Caller,
    reported: ReportedPayout,
    request_id: Option<RequestId>,
    validate_only: bool,
) -> Result<ImportPayoutsResult, Status> {
    let (payee, reference) = (&reported.payee, reported.reference.as_deref());
    let found = payouts::find(api.db.writer(), payee, reported.period, reference).await.map_err(Refusal::Store)?;
    let id = found.as_ref().map_or_else(|| api.entropy.uuid().into(), |found| found.payout.id);
    let key = payouts::payout_key(&PayoutName { partner: payee.partner.clone(), payout: id });
    let etag = String::new();
    let change = PayoutChange { command: "import_payout", key, etag, request_id, validate_only };
    let advance = move |current: Option<&Payout>, now| Payout::advance_to(current, id, reported.clone(), now);
    let changed = api.change_payout(caller, &change, advance).await;
    let changed = changed.map_err(|error| error::payout_error(&change.key, "", error))?;
    let outcome = match found {
        _ if changed.is_replayed => Outcome::Unchanged,
        None => Outcome::Created,
        Some(found) if found.payout == changed.stored.payout => Outcome::Unchanged,
        Some(_) => Outcome::Updated,
    };
    let payout = Some(convert::to_payout(&changed.stored));
    Ok(ImportPayoutsResult { outcome: outcome.into(), payout, error: None })
}

fn refused_result(refused: &Status) -> ImportPayoutsResult {
    let (outcome, error) = (Outcome::Refused.into(), Some(status::to_proto(refused)));
    ImportPayoutsResult { outcome, payout: None, error }
}
