//! Computes what an import of legacy associations (recorded before claims existed) would do, for
//! `validate_only`. The rows of a tenant are decided in order, each on the state that results from
//! the rows before it.
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use cpor_durable::Command;
use cpor_proto::registry::v1::ImportResult;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_types::{Actor, TenantId, Timestamp};
use futures_util::{StreamExt as _, stream};
use tonic::Status;

use super::super::import_directory::{MAX_CONCURRENT_ROWS, import_result};
use super::super::shared_outcome::{SharedOutcome, row_outcome};
use super::super::{Api, error};
use super::{PreparedRow, refusal_status};
use crate::domain::catalog::Catalog;
use crate::domain::reason::Reason;
use crate::domain::tenant::Tenant;
use crate::store::{query, tenant};

/// The rows of a tenant by their index, each with whether it was imported before.
type TenantRows = Vec<(usize, PreparedRow, bool)>;

/// Returns the result of each row as the import would give it.
pub(super) async fn preview(
    api: &Api,
    actor: &Actor,
    rows: Vec<(String, Result<PreparedRow, Status>)>,
) -> Vec<ImportResult> {
    let (mut results, mut by_tenant) = (Vec::new(), BTreeMap::<TenantId, TenantRows>::new());
    for (index, (name, row)) in rows.into_iter().enumerate() {
        let result = match row {
            Ok(row) => was_imported(api, &row).await.map(|was_imported| {
                by_tenant.entry(row.tenant).or_default().push((index, row, was_imported));
                // A placeholder until the rows of the tenant are decided.
                Outcome::Unspecified
            }),
            Err(status) => Err(status),
        };
        results.push(import_result(name, result));
    }
    let decided = stream::iter(by_tenant).map(|(id, rows)| preview_tenant(api, actor.clone(), id, rows));
    let decided: Vec<_> = decided.buffered(MAX_CONCURRENT_ROWS).collect().await;
    for (index, outcome) in decided.into_iter().flatten() {
        results[index] = import_result(std::mem::take(&mut results[index].name), outcome);
    }
    results
}

/// Returns whether the row was imported before, even if the association has ended since. Uses one
/// query.
async fn was_imported(api: &Api, row: &PreparedRow) -> Result<bool, Status> {
    let (claim, decision) = row.legacy.record_key(row.tenant);
    let recorded = query::decision(api.db.reader(), row.tenant, &claim, decision).await.map_err(error::read_failed)?;
    Ok(recorded.is_some())
}

/// Decides the rows of a tenant with one command that commits nothing.
async fn preview_tenant(
    api: &Api,
    actor: Actor,
    id: TenantId,
    rows: TenantRows,
) -> Vec<(usize, Result<Outcome, Status>)> {
    let indexes: Vec<usize> = rows.iter().map(|(index, ..)| *index).collect();
    let (catalog, outcomes) = (Arc::clone(&api.catalog), SharedOutcome::new(Vec::new()));
    let command_outcomes = outcomes.clone();
    let command = Command::new("preview_legacy_associations", tenant::key(id), actor).validate_only(true);
    let decided = api.tenants.execute(command, move |current, now| {
        command_outcomes.set(decide_rows(current, &rows, &catalog, now));
        Ok::<_, Infallible>(None)
    });
    match decided.await {
        Ok(_) => {
            let to_status = |outcome: Result<Outcome, Vec<Reason>>| outcome.map_err(|reasons| refusal_status(&reasons));
            indexes.into_iter().zip(outcomes.get().into_iter().map(to_status)).collect()
        }
        Err(failure) => {
            let status = error::command_failed(failure, |never| match never {}, error::conflict);
            indexes.into_iter().map(|index| (index, Err(status.clone()))).collect()
        }
    }
}

/// Returns the outcome of each row, in order.
fn decide_rows(
    tenant: Option<&Tenant>,
    rows: &TenantRows,
    catalog: &Catalog,
    now: Timestamp,
) -> Vec<Result<Outcome, Vec<Reason>>> {
    let Some(mut tenant) = tenant.cloned() else {
        return rows.iter().map(|_| Err(vec![Reason::TenantUnknown])).collect();
    };
    let decide_row = |(_, row, was_imported): &(usize, PreparedRow, bool)| {
        // The association was imported before and has ended. It is not imported again (R58).
        if *was_imported && !tenant.has_imported(&row.legacy) {
            return Ok(Outcome::Unchanged);
        }
        let (was_imported, changed) = tenant.import_or_correct(&row.legacy, row.partner.as_ref(), catalog, now)?;
        let outcome = row_outcome(was_imported, changed.is_some());
        if let Some((next, _)) = changed {
            tenant = next;
        }
        Ok(outcome)
    };
    rows.iter().map(decide_row).collect()
}
