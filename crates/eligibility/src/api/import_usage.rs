//! `ImportUsage` (R51): stores rows of usage in one transaction and returns one result for each
//! row. A refused row does not affect the others.
use cpor_call::status;
use cpor_proto::eligibility::v1::{
    ImportUsageRequest, ImportUsageResponse, ImportUsageResult, UsageMonth, import_usage_result::Outcome,
};
use cpor_rpc::request::{self, RowViolations};
use cpor_types::{Month, TenantKey};
use tonic::{Request, Response, Status};

use super::{Api, error::Refusal};
use crate::{
    domain::{ImportOutcome, Measures, Usage, UsageCounts, UsageId},
    store::usage,
};

/// A row that can be stored, or the status of its refusal.
type CheckedRow = Result<Usage, Status>;

pub(super) async fn import_usage(
    api: &Api,
    request: Request<ImportUsageRequest>,
) -> Result<Response<ImportUsageResponse>, Status> {
    let (_, request, violations) = request::validate_rows(request, "rows")?;
    let rows = check_rows(&request.rows, violations);
    let accepted: Vec<Usage> = rows.iter().filter_map(|row| row.as_ref().ok()).cloned().collect();
    let outcomes = usage::import(&api.db, &api.business_clock, &accepted).await.map_err(Refusal::Import)?;
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
fn check_rows(rows: &[UsageMonth], mut violations: RowViolations) -> Vec<CheckedRow> {
    let check = |(index, row)| match violations.remove(&index) {
        Some(violations) => Err(status::invalid_fields(violations)),
        None => parse_row(row).map_err(Status::from),
    };
    rows.iter().enumerate().map(check).collect()
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

fn to_result(outcome: ImportOutcome) -> ImportUsageResult {
    let outcome = match outcome {
        ImportOutcome::Created => Outcome::Created,
        ImportOutcome::Replaced => Outcome::Replaced,
        ImportOutcome::Unchanged => Outcome::Unchanged,
        ImportOutcome::Refused(why) => return refused_result(&Refusal::Usage(why).into()),
    };
    ImportUsageResult { outcome: outcome.into(), error: None }
}

fn refused_result(refused: &Status) -> ImportUsageResult {
    ImportUsageResult { outcome: Outcome::Refused.into(), error: Some(status::to_proto(refused)) }
}
