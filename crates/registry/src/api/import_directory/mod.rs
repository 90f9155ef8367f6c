//! The RPC `ImportDirectory`. The directory is the registry's data about partners and customers.
//! Rows are imported one by one, so that an invalid row does not prevent the import of the others.
mod apply;
mod preview;
mod row;

use std::str::FromStr;

use cpor_call::status;
use cpor_durable::RequestId;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_proto::registry::v1::{
    DirectoryRow, ImportDirectoryRequest, ImportDirectoryResponse, ImportResult, directory_row,
};
use cpor_rpc::request;
use cpor_types::{Actor, SubscriptionName, TenantName, WorkloadName};
use futures_util::{StreamExt as _, stream};
use tonic::{Request, Response, Status};

use super::{Api, ApiResult};
use preview::Preview;
use row::Row;

/// The largest number of rows of one request that are processed at the same time. They can share a
/// transaction.
pub(super) const MAX_CONCURRENT_ROWS: usize = 256;

/// Imports rows of the directory, with one result for each row. A row that changes nothing writes
/// nothing.
///
/// Each row is one command, and up to 256 rows share a transaction: 1,000 new rows cost about four
/// fsyncs on SQLite. With `validate_only`, seven queries and no transaction.
pub(super) async fn import_directory(
    api: &Api,
    request: Request<ImportDirectoryRequest>,
) -> ApiResult<ImportDirectoryResponse> {
    let (caller, request, mut violations) = request::validate_rows(request, "rows")?;
    let ImportDirectoryRequest { rows, request_id, validate_only } = request;
    let rows: Vec<PreparedRow> = rows
        .into_iter()
        .enumerate()
        .map(|(index, row)| PreparedRow {
            name: row_name(&row),
            request: RequestId::of_row(&caller, "ImportDirectory", &request_id, index, &row),
            row: match violations.remove(&index) {
                Some(violations) => Err(status::invalid_fields(violations)),
                None => Row::parse(row, api),
            },
        })
        .collect();
    if validate_only {
        let mut preview = Preview::load(api, rows.iter().filter_map(|prepared| prepared.row.as_ref().ok())).await?;
        let results = rows
            .into_iter()
            .map(|PreparedRow { name, row, .. }| import_result(name, row.and_then(|row| preview.decide(row))));
        return Ok(Response::new(ImportDirectoryResponse { results: results.collect() }));
    }
    // `buffered` starts the rows in their order, and a writer processes commands in the order in
    // which it receives them. A row therefore sees the effects of the rows before it.
    let results = stream::iter(rows).map(|row| import(api, caller.actor.clone(), row)).buffered(MAX_CONCURRENT_ROWS);
    Ok(Response::new(ImportDirectoryResponse { results: results.collect().await }))
}

/// A row that was checked and parsed.
struct PreparedRow {
    name: String,
    request: Option<RequestId>,
    row: Result<Row, Status>,
}

/// Imports one row and builds its result.
async fn import(api: &Api, actor: Actor, PreparedRow { name, request, row }: PreparedRow) -> ImportResult {
    match row {
        Ok(row) => import_result(name, apply::apply(api, actor, request, row).await),
        Err(status) => import_result(name, Err(status)),
    }
}

/// The resource name of a row, which identifies it in the result. Empty when the row is empty.
fn row_name(row: &DirectoryRow) -> String {
    match &row.row {
        Some(directory_row::Row::Partner(partner)) => partner.name.clone(),
        Some(directory_row::Row::Tenant(tenant)) => canonical::<TenantName>(&tenant.name),
        Some(directory_row::Row::Subscription(subscription)) => canonical::<SubscriptionName>(&subscription.name),
        Some(directory_row::Row::Workload(workload)) => canonical::<WorkloadName>(&workload.name),
        None => String::new(),
    }
}

/// A name with its ids in canonical form, or the text itself if it is no such name.
pub(super) fn canonical<N: FromStr + ToString>(name: &str) -> String {
    name.parse::<N>().map_or_else(|_| name.to_owned(), |name| name.to_string())
}

/// The result of one row.
pub(super) fn import_result(name: String, outcome: Result<Outcome, Status>) -> ImportResult {
    match outcome {
        Ok(outcome) => ImportResult { name, outcome: outcome.into(), error: None },
        Err(status) => ImportResult { name, outcome: Outcome::Refused.into(), error: Some(status::to_proto(&status)) },
    }
}
