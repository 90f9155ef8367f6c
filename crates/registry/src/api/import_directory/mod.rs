//! The RPC `ImportDirectory`. The directory is the registry's data about partners and customers.
//! Rows are imported one by one, so that an invalid row does not prevent the import of the others.
mod apply;
mod row;

use std::sync::Arc;

use cpor_auth::Caller;
use cpor_call::status;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_proto::registry::v1::{
    DirectoryRow, ImportDirectoryRequest, ImportDirectoryResponse, ImportResult, directory_row,
};
use cpor_rpc::request;
use cpor_types::Actor;
use futures_util::{StreamExt as _, stream};
use tonic::{Request, Response, Status};

use super::{Api, ApiResult, error};
use row::Row;

/// The largest number of rows in one request.
pub(super) const MAX_ROWS: usize = 1000;
/// The largest number of rows of one request that are processed at the same time. They can share a
/// transaction.
pub(super) const MAX_CONCURRENT_ROWS: usize = 256;

/// Imports rows of the directory, with one result for each row. A row that changes nothing writes
/// nothing.
///
/// Each row is one command, and up to 256 rows share a transaction: 1,000 new rows cost about four
/// fsyncs on SQLite. The declared constraints of the message are checked row by row, not by
/// `request::validate`, which would refuse the whole request for one invalid row.
pub(super) async fn import_directory(
    api: &Api,
    request: Request<ImportDirectoryRequest>,
) -> ApiResult<ImportDirectoryResponse> {
    let caller = request.extensions().get::<Arc<Caller>>().cloned();
    let actor = caller.ok_or_else(|| status::internal("the request has no caller"))?.actor.clone();
    let rows = request.into_inner().rows;
    if rows.is_empty() || rows.len() > MAX_ROWS {
        return Err(error::invalid_field("rows", format!("must have 1 to {MAX_ROWS} entries")));
    }
    // `buffered` starts the rows in their order, and a writer processes commands in the order in
    // which it receives them. A row therefore sees the effects of the rows before it.
    let results =
        stream::iter(rows).map(|row| import(api, actor.clone(), row)).buffered(MAX_CONCURRENT_ROWS).collect().await;
    Ok(Response::new(ImportDirectoryResponse { results }))
}

/// Imports one row and builds its result.
async fn import(api: &Api, actor: Actor, row: DirectoryRow) -> ImportResult {
    let name = row_name(&row);
    match parse(api, row) {
        Ok(row) => import_result(name, apply::apply(api, actor, row).await),
        Err(status) => import_result(name, Err(status)),
    }
}

/// Checks the constraints of a row and parses it.
fn parse(api: &Api, row: DirectoryRow) -> Result<Row, Status> {
    let violations = request::find_violations(&row)?;
    if !violations.is_empty() {
        return Err(status::invalid_fields(violations));
    }
    Row::parse(row, api)
}

/// Returns the resource name of a row, which identifies it in the result. Empty when the row is
/// empty.
fn row_name(row: &DirectoryRow) -> String {
    match &row.row {
        Some(directory_row::Row::Partner(partner)) => partner.name.clone(),
        Some(directory_row::Row::Tenant(tenant)) => tenant.name.clone(),
        Some(directory_row::Row::Subscription(subscription)) => subscription.name.clone(),
        Some(directory_row::Row::Workload(workload)) => workload.name.clone(),
        None => String::new(),
    }
}

/// Returns the result of one row.
pub(super) fn import_result(name: String, outcome: Result<Outcome, Status>) -> ImportResult {
    match outcome {
        Ok(outcome) => ImportResult { name, outcome: outcome.into(), error: None },
        Err(status) => ImportResult { name, outcome: Outcome::Refused.into(), error: Some(status::to_proto(&status)) },
    }
}
