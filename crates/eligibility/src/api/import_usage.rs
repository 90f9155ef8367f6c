//! `ImportUsage`: one transaction of up to four statements and one fsync, whatever the number of rows; none when the
//! rows say what is known.
use std::collections::BTreeMap;

use cpor_kit::{
    request,
    status::{self, FieldViolation},
};
use cpor_proto::eligibility::v1::{
    ImportUsageRequest, ImportUsageResponse, ImportUsageResult, UsageMonth, import_usage_result::Outcome,
};
use cpor_types::{Month, TenantKey};
use prost::Message as _;
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
    let rows = sound(&request.into_inner())?;
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

/// The rows, each apart: a bad one does not stop the others. What is wrong with the request as a whole refuses it.
fn sound(request: &ImportUsageRequest) -> Result<Vec<Row>, Status> {
    let (mut of_rows, mut of_request) = (BTreeMap::<usize, Vec<FieldViolation>>::new(), Vec::new());
    for violation in request::violations(request)? {
        match row_field(&violation.field) {
            Some((n, field)) => {
                let field = field.to_owned();
                of_rows.entry(n).or_default().push(FieldViolation { field, ..violation });
            }
            None => of_request.push(violation),
        }
    }
    if !of_request.is_empty() {
        return Err(status::invalid(of_request));
    }
    let row = |(n, row)| match of_rows.remove(&n) {
        Some(violations) => Err(status::invalid(violations)),
        None => read(row).map_err(Status::from),
    };
    Ok(request.rows.iter().enumerate().map(row).collect())
}

/// `rows[3].month` is the field `month` of row 3.
fn row_field(path: &str) -> Option<(usize, &str)> {
    let (n, field) = path.strip_prefix("rows[")?.split_once("].")?;
    Some((n.parse().ok()?, field))
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

fn refusal(status: &Status) -> ImportUsageResult {
    // What a status carries as its details is a whole `google.rpc.Status`.
    let error = tonic_types::Status::decode(status.details()).unwrap_or_else(|_| tonic_types::Status {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: Vec::new(),
    });
    ImportUsageResult { outcome: Outcome::Refused.into(), error: Some(error) }
}
