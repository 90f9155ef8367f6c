//! The RPC `ImportDirectory`. The directory is the registry's data about partners and customers.
//! The rows of a request are judged together; an invalid row does not prevent the import of the
//! others.
mod apply;
mod refusal;
mod row;

use std::collections::BTreeMap;
use std::str::FromStr;

use cpor_call::status;
use cpor_durable::RequestId;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_proto::registry::v1::{
    DirectoryRow, ImportDirectoryRequest, ImportDirectoryResponse, ImportResult, directory_row,
};
use cpor_rpc::request;
use cpor_types::{SubscriptionName, TenantName, WorkloadName};
use tonic::{Request, Response, Status};

use super::{Api, ApiResult};
use apply::Import;

/// The largest number of rows of one request that are processed at the same time. They can share a
/// transaction.
pub(super) const MAX_CONCURRENT_ROWS: usize = 256;

/// Imports rows of the directory as one snapshot (R2a), with one result for each row. A row that
/// changes nothing writes nothing.
///
/// Uses five queries, one transaction for the partners and one for the tenants, for any number of
/// rows. With `validate_only`, the commands are decided, and their changes are not saved.
pub(super) async fn import_directory(
    api: &Api,
    request: Request<ImportDirectoryRequest>,
) -> ApiResult<ImportDirectoryResponse> {
    let (caller, request, mut violations) = request::validate_rows(request, "rows")?;
    let ImportDirectoryRequest { rows, request_id, validate_only } = request;
    let names: Vec<String> = rows.iter().map(row_name).collect();
    let (mut parsed, mut request_ids, mut results) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (index, row) in rows.into_iter().enumerate() {
        let row_request_id = RequestId::of_row(&caller, "ImportDirectory", &request_id, index, &row);
        let row = match violations.remove(&index) {
            Some(violations) => Err(status::invalid_fields(violations)),
            None => row::parse(row, api),
        };
        match row {
            Ok(row) => {
                parsed.insert(index, row);
                request_ids.extend(row_request_id.map(|id| (index, id)));
            }
            Err(status) => drop(results.insert(index, Err(status))),
        }
    }
    let import = Import { api, actor: caller.actor, validate_only, rows: parsed, request_ids, results };
    let results = names.into_iter().zip(import.run().await?.into_values());
    let results = results.map(|(name, result)| import_result(name, result)).collect();
    Ok(Response::new(ImportDirectoryResponse { results }))
}

/// Returns the resource name of a row, which identifies it in the result. Empty when the row is
/// empty.
fn row_name(row: &DirectoryRow) -> String {
    match &row.row {
        Some(directory_row::Row::Partner(partner)) => partner.name.clone(),
        Some(directory_row::Row::Tenant(tenant)) => canonical::<TenantName>(&tenant.name),
        Some(directory_row::Row::Subscription(subscription)) => canonical::<SubscriptionName>(&subscription.name),
        Some(directory_row::Row::Workload(workload)) => canonical::<WorkloadName>(&workload.name),
        None => String::new(),
    }
}

/// Returns the name with its ids in canonical form, or the text itself if it is not a name of the
/// type `N`.
pub(super) fn canonical<N: FromStr + ToString>(name: &str) -> String {
    name.parse::<N>().map_or_else(|_| name.to_owned(), |name| name.to_string())
}

/// Returns the result of one row. A refused row has the status as its error.
pub(super) fn import_result(name: String, outcome: Result<Outcome, Status>) -> ImportResult {
    match outcome {
        Ok(outcome) => ImportResult { name, outcome: outcome.into(), error: None },
        Err(status) => ImportResult { name, outcome: Outcome::Refused.into(), error: Some(status::to_proto(&status)) },
    }
}
