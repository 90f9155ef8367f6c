//! Storage of the permanent claim records: recorded decisions and closed review cases.
//!
//! Records are never deleted and grow with the history of a tenant, so they are not loaded with it.
//! Saving a tenant loads only the records of the claims that the change concerns, and merges the
//! change into them. The row lock on the tenant keeps other transactions from changing the same
//! records.
use std::collections::BTreeMap;

use cpor_durable::{Change, Conflicts, StoreError, Tx, rows};
use cpor_types::{ClaimId, ClaimName, TenantId};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::children::changed_entries;
use super::entity::tenant_claim::{ActiveModel, Column, Entity, Model};
use super::row::RowContext;
use super::tenant::{TenantConflict, key};
use crate::domain::record::ClaimRecord;
use crate::domain::tenant::Tenant;

/// Merges the changes into the stored records: one read, and one write if there is no conflict.
/// Returns the conflicts.
pub(super) async fn save(tx: &Tx, changes: &[Change<Tenant>]) -> Result<Conflicts<TenantConflict>, StoreError> {
    let additions: Vec<_> = changes.iter().flat_map(additions).collect();
    let ids: Vec<Uuid> = additions.iter().map(|(_, claim, _)| claim.claim.0).collect();
    let stored = rows::load_by_id::<Entity>(tx, Column::Claim, &ids).await?.into_iter().map(from_row);
    let mut stored = stored.collect::<Result<BTreeMap<_, _>, _>>()?;
    let (mut conflicts, mut rows) = (Vec::new(), Vec::new());
    for (tenant, claim, added) in additions {
        match stored.remove(&(tenant, claim.clone())).unwrap_or_default().merge(added) {
            Ok(record) => rows.push(to_row(tenant, claim, &record)?),
            Err(conflict) => conflicts.push((key(tenant), TenantConflict::ClaimRecord(claim.clone(), conflict))),
        }
    }
    if conflicts.is_empty() {
        rows::upsert::<Entity>(tx, rows).await?;
    }
    Ok(conflicts)
}

/// The additions to claim records that a change contains.
fn additions(change: &Change<Tenant>) -> impl Iterator<Item = (TenantId, &ClaimName, &ClaimRecord)> {
    let (before, after) = (change.before.as_ref().map(|before| &before.state.claim_records), &change.after.state);
    changed_entries(before, &after.claim_records).map(|(claim, added)| (after.id, claim, added))
}

/// Converts a row to a claim record, with the tenant and the claim that it belongs to.
pub(super) fn from_row(row: Model) -> Result<((TenantId, ClaimName), ClaimRecord), StoreError> {
    let context = RowContext { table: "tenant_claim", owner: &row.tenant, id: row.claim };
    let claim = ClaimName { partner: context.parse_text(&row.partner)?, claim: ClaimId(row.claim) };
    let record = ClaimRecord { decisions: context.parse_json(row.decisions)?, closed: context.parse_json(row.closed)? };
    Ok(((TenantId(row.tenant), claim), record))
}

fn to_row(tenant: TenantId, claim: &ClaimName, record: &ClaimRecord) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        tenant: Set(tenant.0),
        partner: Set(claim.partner.to_string()),
        claim: Set(claim.claim.0),
        decisions: Set(rows::to_json(&record.decisions)?),
        closed: Set(rows::to_json(&record.closed)?),
    })
}
