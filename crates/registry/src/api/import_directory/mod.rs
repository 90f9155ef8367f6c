//! The import of the directory: row by row, so that one bad row does not stop the others.
mod apply;
mod row;

use std::sync::Arc;

use cpor_kit::{Caller, request, status};
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_proto::registry::v1::{
    DirectoryRow, ImportDirectoryRequest, ImportDirectoryResponse, ImportResult, directory_row,
};
use cpor_types::Actor;
use futures_util::{StreamExt as _, stream};
use tonic::{Request, Response, Status};

use super::{Answer, Api, error};
use row::Row;

/// Rows of one request, at most.
pub(super) const MAX_ROWS: usize = 1000;
/// Rows that wait for their transaction together.
pub(super) const TOGETHER: usize = 256;

/// Transactions shared by up to 256 rows: for a directory that is all new, 1,000 rows cost about four fsyncs on SQLite.
/// A row that says what is known writes nothing.
///
/// The message is not opened as a whole, which would refuse it for one malformed row: each row is checked by itself.
pub(super) async fn import_directory(
    api: &Api,
    request: Request<ImportDirectoryRequest>,
) -> Answer<ImportDirectoryResponse> {
    let caller = request.extensions().get::<Arc<Caller>>().cloned();
    let actor = caller.ok_or_else(|| status::internal("a request without a caller"))?.actor.clone();
    let rows = request.into_inner().rows;
    if rows.is_empty() || rows.len() > MAX_ROWS {
        return Err(error::invalid("rows", format!("must be 1 to {MAX_ROWS}")));
    }
    // Rows are begun in their order, and a writer judges in the order in which it was asked: what comes later in the
    // request sees what came before.
    let results = stream::iter(rows).map(|row| import(api, actor.clone(), row)).buffered(TOGETHER).collect().await;
    Ok(Response::new(ImportDirectoryResponse { results }))
}

async fn import(api: &Api, actor: Actor, row: DirectoryRow) -> ImportResult {
    let name = name(&row);
    match parsed(api, row) {
        Ok(row) => result(name, apply::apply(api, actor, row).await),
        Err(refused) => result(name, Err(refused)),
    }
}

fn parsed(api: &Api, row: DirectoryRow) -> Result<Row, Status> {
    let violations = request::violations(&row)?;
    if !violations.is_empty() {
        return Err(status::invalid(violations));
    }
    Row::parse(row, api)
}

fn name(row: &DirectoryRow) -> String {
    match &row.row {
        Some(directory_row::Row::Partner(partner)) => partner.name.clone(),
        Some(directory_row::Row::Tenant(tenant)) => tenant.name.clone(),
        Some(directory_row::Row::Subscription(subscription)) => subscription.name.clone(),
        Some(directory_row::Row::Workload(workload)) => workload.name.clone(),
        None => String::new(),
    }
}

/// What became of a row.
pub(super) fn result(name: String, outcome: Result<Outcome, Status>) -> ImportResult {
    match outcome {
        Ok(outcome) => ImportResult { name, outcome: outcome.into(), error: None },
        Err(refused) => ImportResult { name, outcome: Outcome::Refused.into(), error: Some(status::message(&refused)) },
    }
}
