//! Storage of the permanent claim records: the outcomes of reviewers' decisions to reserve
//! workloads or subscriptions for a claim, and the closed review cases, for which later decisions
//! are refused.
//!
//! Records are never deleted and grow with the history of a tenant, so they are not loaded with the
//! tenant. When a tenant is saved, only the records of the changed claims are loaded, and the
//! change is merged into them. The row lock on the tenant prevents other transactions from changing
//! the same records.
use std::collections::BTreeMap;

use cpor_durable::{Change, Conflicts, StoreError, Tx, rows};
use cpor_types::{ClaimName, TenantId};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::children::changed_entries;
use super::entity::claim_record::{ClosedCases, Decisions};
use super::entity::tenant_claim::{ActiveModel, Column, Entity, Model};
use super::row::{RowContext, tenant_child_error};
use super::tenant::{TenantConflict, key};
use crate::domain::record::ClaimRecord;
use crate::domain::tenant::Tenant;

/// The records after the changes, or the conflicts with the stored records.
pub(super) struct MergedRecords {
    pub(super) conflicts: Conflicts<TenantConflict>,
    rows: Vec<ActiveModel>,
}

/// Merges the changes into the stored records, with one read.
pub(super) async fn merge(tx: &Tx, changes: &[Change<Tenant>]) -> Result<MergedRecords, StoreError> {
    let additions: Vec<_> = changes.iter().flat_map(additions).collect();
    let ids: Vec<Uuid> = additions.iter().map(|(_, claim, _)| claim.claim.uuid()).collect();
    let stored = rows::load_by_id::<Entity>(tx, Column::Claim, &ids).await.map_err(tenant_child_error)?;
    let mut stored = stored.into_iter().map(from_row).collect::<Result<BTreeMap<_, _>, _>>()?;
    let (mut conflicts, mut rows) = (Vec::new(), Vec::new());
    for (tenant, claim, added) in additions {
        match stored.remove(&(tenant, claim.clone())).unwrap_or_default().merge(added) {
            Ok(record) => rows.push(to_row(tenant, claim, record)),
            Err(conflict) => conflicts.push((key(tenant), TenantConflict::ClaimRecord(claim.clone(), conflict))),
        }
    }
    Ok(MergedRecords { conflicts, rows })
}

/// Writes the merged records, with one statement. Their tenants must be saved before.
pub(super) async fn save(tx: &Tx, merged: MergedRecords) -> Result<(), StoreError> {
    Ok(rows::upsert::<Entity>(tx, merged.rows).await?)
}

/// Returns the additions to claim records that a change contains, each with its tenant and claim.
fn additions(change: &Change<Tenant>) -> impl Iterator<Item = (TenantId, &ClaimName, &ClaimRecord)> {
    let (before, after) = (change.before.as_ref().map(|before| &before.state.claim_records), &change.after.state);
    changed_entries(before, &after.claim_records).map(|(claim, added)| (after.id, claim, added))
}

/// Converts a row to a claim record, with the tenant and the claim that it belongs to.
pub(super) fn from_row(row: Model) -> Result<((TenantId, ClaimName), ClaimRecord), StoreError> {
    let tenant = TenantId::from(row.tenant);
    let context = RowContext { table: "tenant_claim", owner: &tenant, id: row.claim.into() };
    let claim = ClaimName { partner: context.parse_text(row.partner.as_str())?, claim: row.claim.into() };
    let (Decisions(decisions), ClosedCases(closed)) = (row.decisions, row.closed);
    Ok(((tenant, claim), ClaimRecord { decisions, closed }))
}

fn to_row(tenant: TenantId, claim: &ClaimName, record: ClaimRecord) -> ActiveModel {
    ActiveModel {
        tenant: Set(tenant.into()),
        partner: Set((&claim.partner).into()),
        claim: Set(claim.claim.into()),
        decisions: Set(Decisions(record.decisions)),
        closed: Set(ClosedCases(record.closed)),
    }
}
