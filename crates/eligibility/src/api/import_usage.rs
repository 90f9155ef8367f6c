//! `ImportUsage` (R51): stores rows of usage in one transaction and returns one result for each
//! row. A refused row does not affect the others. Asks the registry once which keys (workloads and
//! subscriptions) it knows.
use std::collections::BTreeSet;

use cpor_auth::Caller;
use cpor_call::status;
use cpor_durable::{RequestId, RequestIdReused};
use cpor_proto::eligibility::v1::{
    ImportUsageRequest, ImportUsageResponse, ImportUsageResult, UsageMonth, import_usage_result::Outcome,
};
use cpor_rpc::request::{self, RowViolations};
use cpor_types::{Month, TenantKey};
use tonic::{Request, Response, Status};

use super::{Api, error::Refusal};
use crate::{
    domain::{ImportOutcome, Measures, Usage, UsageCounts, UsageId},
    store::usage::{self, ImportedRow},
};

/// A row that can be stored, or the status of its refusal.
type CheckedRow = Result<ImportedRow, Status>;

pub(super) async fn import_usage(
    api: &Api,
    request: Request<ImportUsageRequest>,
) -> Result<Response<ImportUsageResponse>, Status> {
    let (caller, request, violations) = request::validate_rows(request, "rows")?;
    let mut rows = check_rows(&caller, &request, violations);
    refuse_unknown_keys(api, &caller, &mut rows).await?;
    let accepted: Vec<ImportedRow> = rows.iter().filter_map(|row| row.as_ref().ok()).cloned().collect();
    let imported = usage::import(&api.host, &accepted, request.validate_only).await;
    let outcomes = imported.map_err(Refusal::Import)?;
    api.assessor.wake();
    let mut outcomes = outcomes.into_iter();
    // `outcomes` contains one outcome for each accepted row, in their order.
    let results = rows.into_iter().filter_map(|row| match row {
        Ok(_) => outcomes.next().map(to_result),
        Err(refused) => Some(refused_result(&refused)),
    });
    Ok(Response::new(ImportUsageResponse { results: results.collect() }))
}

/// Checks each row on its own.
fn check_rows(caller: &Caller, request: &ImportUsageRequest, mut violations: RowViolations) -> Vec<CheckedRow> {
    let check = |(index, row)| match violations.remove(&index) {
        Some(violations) => Err(status::invalid_fields(violations)),
        None => {
            let usage = parse_row(row)?;
            let request_id = RequestId::of_row(caller, "ImportUsage", &request.request_id, index, row);
            Ok(ImportedRow { usage, request_id })
        }
    };
    request.rows.iter().enumerate().map(check).collect()
}

/// Refuses the rows whose workload or subscription the directory does not know.
async fn refuse_unknown_keys(api: &Api, caller: &Caller, rows: &mut [CheckedRow]) -> Result<(), Refusal> {
    let keys: BTreeSet<_> = rows.iter().flatten().map(|row| row.usage.id.key.clone()).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let unknown = api.registry.unknown_keys(&caller.actor, &keys).await.map_err(Refusal::Registry)?;
    for row in rows {
        if row.as_ref().is_ok_and(|row| unknown.contains(&row.usage.id.key)) {
            *row = Err(Refusal::UsageKeyUnknown.into());
        }
    }
    Ok(())
}

fn parse_row(row: &UsageMonth) -> Result<Usage, Refusal> {
    let key: TenantKey = row.key.parse().map_err(|malformed| Refusal::Malformed { field: "key", malformed })?;
    let month: Month = row.month.parse().map_err(|malformed| Refusal::Malformed { field: "month", malformed })?;
    let counts = UsageCounts {
        active_users: row.active_users,
        paid_available_units: row.paid_available_units,
        seats_sold: row.seats_sold,
        consumption: row.consumption,
    };
    let measures = Measures::from_counts(key.key.kind(), counts).map_err(Refusal::Usage)?;
    Ok(Usage { id: UsageId { key, month }, measures })
}

fn to_result(outcome: Result<ImportOutcome, RequestIdReused>) -> ImportUsageResult {
    let outcome = match outcome {
        Ok(ImportOutcome::Created) => Outcome::Created,
        Ok(ImportOutcome::Replaced) => Outcome::Replaced,
        Ok(ImportOutcome::Unchanged) => Outcome::Unchanged,
        Ok(ImportOutcome::Refused(why)) => return refused_result(&Refusal::Usage(why).into()),
        Err(RequestIdReused) => return refused_result(&RequestIdReused.into()),
    };
    ImportUsageResult { outcome: outcome.into(), error: None }
}

fn refused_result(refused: &Status) -> ImportUsageResult {
    ImportUsageResult { outcome: Outcome::Refused.into(), error: Some(status::to_proto(refused)) }
}
