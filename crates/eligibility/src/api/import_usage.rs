//! `ImportUsage`: one transaction of up to four statements and one fsync, whatever the number of rows; none when the
//! rows say what is known.
use cpor_kit::{
    request::{self, RowViolations},
    status,
};
use cpor_proto::eligibility::v1::{
    ImportUsageRequest, ImportUsageResponse, ImportUsageResult, UsageMonth, import_usage_result::Outcome,
};
use cpor_types::{Month, TenantKey};
use tonic::{Request, Response, Status};

use super::{Api, error::Refusal};
use crate::{
    domain::{Counts, Imported, Measures, Usage, UsageId},
    store::usage,
};

/// A row to be stored, or why it is not.
type Row = Result<Usage, Status>;

pub(super) async fn import_usage(
    api: &Api,
    request: Request<ImportUsageRequest>,
) -> Result<Response<ImportUsageResponse>, Status> {
    let (_, request, violations) = request::open_rows(request, "rows")?;
    let rows = sound(&request.rows, violations);
    let good: Vec<Usage> = rows.iter().filter_map(|row| row.as_ref().ok()).cloned().collect();
    let outcomes = usage::import(&api.db, &api.business_clock, &good).await.map_err(Refusal::Import)?;
    api.assessor.wake();
    let mut outcomes = outcomes.into_iter();
    // The good rows' outcomes are in the rows' order.
    let results = rows.into_iter().filter_map(|row| match row {
        Ok(_) => outcomes.next().map(result),
        Err(refused) => Some(refusal(&refused)),
    });
    Ok(Response::new(ImportUsageResponse { results: results.collect() }))
}

/// The rows, each apart: a bad one does not stop the others.
fn sound(rows: &[UsageMonth], mut violations: RowViolations) -> Vec<Row> {
    let row = |(n, row)| match violations.remove(&n) {
        Some(violations) => Err(status::invalid(violations)),
        None => read(row).map_err(Status::from),
    };
    rows.iter().enumerate().map(row).collect()
}

fn read(row: &UsageMonth) -> Result<Usage, Refusal> {
    let key: TenantKey = row.key.parse().map_err(|malformed| Refusal::Malformed { field: "key", malformed })?;
    let month: Month = row.month.parse().map_err(|malformed| Refusal::Malformed { field: "month", malformed })?;
    let counts = Counts {
        active_users: row.active_users,
        paid_available_units: row.paid_available_units,
        seats_sold: row.seats_sold,
        consumption: row.consumption,
    };
    let measures = Measures::of(key.key.kind(), counts).map_err(Refusal::Usage)?;
    Ok(Usage { id: UsageId { key, month }, measures })
}

fn result(imported: Imported) -> ImportUsageResult {
    let outcome = match imported {
        Imported::Created => Outcome::Created,
        Imported::Replaced => Outcome::Replaced,
        Imported::Unchanged => Outcome::Unchanged,
        Imported::Refused(why) => return refusal(&Refusal::Usage(why).into()),
    };
    ImportUsageResult { outcome: outcome.into(), error: None }
}

fn refusal(refused: &Status) -> ImportUsageResult {
    ImportUsageResult { outcome: Outcome::Refused.into(), error: Some(status::message(refused)) }
}
