//! What is remembered of claims: first answers and tombstones, for ever, because a hold may come as late as it likes.
//!
//! It grows with a tenant's history, so it is not loaded with the tenant: a change is added to what is stored of the
//! claims that it decides about. Whoever changes a tenant has its row locked, so nobody else adds to it meanwhile.
use std::collections::BTreeMap;

use cpor_durable::{Change, Clashes, StoreError, Tx, rows};
use cpor_types::{ClaimId, ClaimName, TenantId};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::entity::tenant_claim::{ActiveModel, Column, Entity, Model};
use super::possessions::changed;
use super::row::{Place, json};
use super::tenant::{Clash, key};
use crate::domain::record::ClaimRecord;
use crate::domain::tenant::Tenant;

/// Adds what was decided about claims to what is remembered of them: one read, and one write if it all fits. Answers
/// what does not.
pub(super) async fn save(tx: &Tx, changes: &[Change<Tenant>]) -> Result<Clashes<Clash>, StoreError> {
    let decided: Vec<_> = changes.iter().flat_map(decided).collect();
    let ids: Vec<Uuid> = decided.iter().map(|(_, claim, _)| claim.claim.0).collect();
    let known = rows::by_id::<Entity>(tx, Column::Claim, &ids).await?.into_iter().map(remembered);
    let mut known = known.collect::<Result<BTreeMap<_, _>, _>>()?;
    let (mut clashes, mut rows) = (Vec::new(), Vec::new());
    for (tenant, claim, news) in decided {
        match known.remove(&(tenant, claim.clone())).unwrap_or_default().with(news) {
            Ok(record) => rows.push(row(tenant, claim, &record)?),
            Err(precluded) => clashes.push((key(tenant), Clash::Claim(claim.clone(), precluded))),
        }
    }
    if clashes.is_empty() {
        rows::upsert::<Entity>(tx, rows).await?;
    }
    Ok(clashes)
}

/// What a change says of claims.
fn decided(change: &Change<Tenant>) -> impl Iterator<Item = (TenantId, &ClaimName, &ClaimRecord)> {
    let (before, after) = (change.before.as_ref().map(|before| &before.state.claims), &change.after.state);
    changed(before, &after.claims).map(|(claim, news)| (after.id, claim, news))
}

/// What a row remembers, and of which claim.
pub(super) fn remembered(row: Model) -> Result<((TenantId, ClaimName), ClaimRecord), StoreError> {
    let place = Place { table: "tenant_claim", owner: &row.tenant, id: row.claim };
    let claim = ClaimName { partner: place.text(&row.partner)?, claim: ClaimId(row.claim) };
    let record = ClaimRecord { decisions: place.json(row.decisions)?, closed: place.json(row.closed)? };
    Ok(((TenantId(row.tenant), claim), record))
}

fn row(tenant: TenantId, claim: &ClaimName, record: &ClaimRecord) -> Result<ActiveModel, StoreError> {
    Ok(ActiveModel {
        tenant: Set(tenant.0),
        partner: Set(claim.partner.to_string()),
        claim: Set(claim.claim.0),
        decisions: Set(json(&record.decisions)?),
        closed: Set(json(&record.closed)?),
    })
}
