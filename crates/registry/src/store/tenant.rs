//! Storage of tenants with their child rows.
//!
//! Two unique keys of the database guard against concurrent changes. A domain belongs to at most
//! one tenant (table `tenant_domain`). At most one company holds a *key*, which is a workload or a
//! subscription (table `key_holder`).
//!
//! The *successor* of a key is the claim that a review lead awarded the key to. A *claim record* is
//! the permanent record of the reviewers' decisions about one claim.
use std::collections::BTreeMap;

use cpor_durable::{AggregateKey, Change, OutgoingEvent, Store, StoreError, Tx, Versioned, rows};
use cpor_types::{AssociationKey, ClaimName, DomainName, TenantId};
use sea_orm::ActiveValue::Set;

use super::children::{self, TenantChildren};
use super::claim;
use super::entity::domains::{DomainEnds, Domains};
use super::entity::{key_holder, tenant, tenant_domain};
use super::row::RowContext;
use crate::domain::directory::{TenantDirectory, TenantProfile};
use crate::domain::record::RecordConflict;
use crate::domain::tenant::{KeyHolder, Tenant};
use crate::events::outgoing;

/// Loads and saves tenants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TenantStore;

/// A conflict of a change with other stored data: a broken uniqueness rule, or an earlier decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TenantConflict {
    /// The domain belongs to another tenant.
    Domain(DomainName),
    /// The key is held by another company (R36). The decision on the locked tenant already prevents
    /// this. The database checks it once more.
    Key(AssociationKey),
    /// An approval or a review lead's award conflicts with the record of this claim, for example
    /// because the claim was closed.
    ClaimRecord(ClaimName, RecordConflict),
}

/// Returns the storage key of a tenant. Its first part is the owner of the data, which is the
/// tenant itself.
pub(crate) fn key(tenant: TenantId) -> AggregateKey {
    AggregateKey::new(tenant.to_string(), tenant.uuid())
}

impl Store for TenantStore {
    type Aggregate = Tenant;
    type Conflict = TenantConflict;

    const AGGREGATE: &'static str = "tenant";

    fn resource(key: &AggregateKey) -> String {
        format!("tenants/{}", key.owner)
    }

    /// Loads and locks the tenants with six queries, for any number of tenants. Most of the data
    /// that grows with the history of a tenant is not loaded: claim records, and associations that
    /// their own claim or the customer has ended before they were official.
    async fn load(&self, tx: &Tx, keys: &[AggregateKey]) -> Result<Vec<(AggregateKey, Versioned<Tenant>)>, StoreError> {
        let rows = rows::load_locked::<tenant::Entity>(tx, keys).await?;
        let ids: Vec<TenantId> = rows.iter().map(|row| row.id.into()).collect();
        let mut children_by_tenant = children::load(tx, &ids).await?;
        let to_tenant = |row: tenant::Model| {
            let (id, version) = (TenantId::from(row.id), row.version);
            let context = RowContext { table: "tenant", owner: &id, id: id.uuid() };
            let TenantChildren { subscriptions, workloads, associations, successors } =
                children_by_tenant.remove(&id).unwrap_or_default();
            let directory = TenantDirectory { profile: row.into(), subscriptions, workloads };
            let state = Tenant { id, directory, associations, successors, claim_records: BTreeMap::new() };
            Ok((key(id), Versioned::new(context.parse_version(version)?, state)))
        };
        rows.into_iter().map(to_tenant).collect()
    }

    /// Uses one statement for the tenants, one for each kind of child row that changed, and two for
    /// claim records.
    async fn save(
        &self,
        tx: &Tx,
        changes: &[Change<Tenant>],
    ) -> Result<Vec<(AggregateKey, TenantConflict)>, StoreError> {
        // A repeated hold or award gets the outcome that was recorded the first time, even if there
        // are other conflicts by now. Claim records are therefore checked first.
        let records = claim::merge(tx, changes).await?;
        if !records.conflicts.is_empty() {
            return Ok(records.conflicts);
        }
        let rows = changes.iter().map(|change| Ok((change.previous_version(), to_row(&change.after)?)));
        rows::save::<tenant::Entity>(tx, rows.collect::<Result<Vec<_>, StoreError>>()?).await?;
        claim::save(tx, records).await?;
        children::save(tx, changes).await?;
        let mut conflicts = save_domains(tx, changes).await?;
        conflicts.extend(save_key_holders(tx, changes).await?);
        Ok(conflicts)
    }

    fn outgoing(&self, change: &Change<Tenant>) -> Vec<OutgoingEvent> {
        outgoing::tenant_events(change)
    }
}

/// Removes and adds domains. Returns the domains that belong to another tenant as conflicts.
async fn save_domains(tx: &Tx, changes: &[Change<Tenant>]) -> Result<Vec<(AggregateKey, TenantConflict)>, StoreError> {
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for Change { before, after, .. } in changes {
        let before = before.as_ref().map(|before| &before.state);
        removed.extend(before.into_iter().flat_map(|before| domains_missing_in(before, Some(&after.state))));
        added.extend(domains_missing_in(&after.state, before));
    }
    // All transactions insert the domains in the same order, so that they cannot deadlock.
    added.sort();
    let to_row = |(domain, tenant): &(&DomainName, TenantId)| tenant_domain::ActiveModel {
        tenant: Set((*tenant).into()),
        domain: Set(domain.to_string()),
    };
    rows::delete::<tenant_domain::Entity>(tx, removed.iter().map(to_row)).await?;
    let refused = rows::insert_new::<tenant_domain::Entity>(tx, added.iter().map(to_row)).await?;
    Ok(refused.into_iter().map(|index| (key(added[index].1), TenantConflict::Domain(added[index].0.clone()))).collect())
}

/// Returns the domains of `tenant` that `other`, another state of the same tenant, does not have.
fn domains_missing_in<'a>(
    tenant: &'a Tenant,
    other: Option<&'a Tenant>,
) -> impl Iterator<Item = (&'a DomainName, TenantId)> {
    let is_in_other =
        move |domain: &DomainName| other.is_some_and(|other| other.directory.profile.domains.contains(domain));
    let domains = tenant.directory.profile.domains.iter();
    domains.filter(move |domain| !is_in_other(domain)).map(|domain| (domain, tenant.id))
}

/// Removes and adds rows of `key_holder`. Returns the keys that another company holds as conflicts.
async fn save_key_holders(
    tx: &Tx,
    changes: &[Change<Tenant>],
) -> Result<Vec<(AggregateKey, TenantConflict)>, StoreError> {
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for Change { before, after, .. } in changes {
        let before = before.as_ref().map(|before| before.state.key_holders()).unwrap_or_default();
        let (after, tenant) = (after.state.key_holders(), after.state.id);
        removed.extend(before.difference(&after).map(|holder| (tenant, *holder)));
        added.extend(after.difference(&before).map(|holder| (tenant, *holder)));
    }
    rows::delete::<key_holder::Entity>(tx, removed.iter().map(key_holder_row)).await?;
    let refused = rows::insert_new::<key_holder::Entity>(tx, added.iter().map(key_holder_row)).await?;
    let conflict =
        |(tenant, holder): &(TenantId, KeyHolder<'_>)| (self::key(*tenant), TenantConflict::Key(holder.key.clone()));
    // If two companies held the same key within these changes, the insert would keep one row and
    // not report the other.
    let is_same_key = |pair: &[(TenantId, KeyHolder<'_>)]| (pair[0].0, pair[0].1.key) == (pair[1].0, pair[1].1.key);
    let duplicates = added.windows(2).filter(|pair| is_same_key(pair)).map(|pair| conflict(&pair[1]));
    Ok(refused.into_iter().map(|index| conflict(&added[index])).chain(duplicates).collect())
}

fn key_holder_row((tenant, holder): &(TenantId, KeyHolder<'_>)) -> key_holder::ActiveModel {
    let claim = holder.successor.map(|successor| &successor.claim);
    key_holder::ActiveModel {
        tenant: Set((*tenant).into()),
        key: Set(holder.key.to_string()),
        partner: Set(holder.partner.into()),
        successor_partner: Set(claim.map(|claim| (&claim.partner).into())),
        successor_claim: Set(claim.map(|claim| claim.claim.into())),
        successor_decision: Set(holder.successor.map(|successor| successor.decision_id.into())),
        successor_case: Set(holder.successor.and_then(|successor| successor.review_case).map(Into::into)),
    }
}

impl From<tenant::Model> for TenantProfile {
    fn from(row: tenant::Model) -> Self {
        let (Domains(domains), DomainEnds(domain_ends)) = (row.domains, row.domain_ends);
        Self { display_name: row.display_name, region: row.region, calendar: row.calendar, domains, domain_ends }
    }
}

pub(super) fn to_row(tenant: &Versioned<Tenant>) -> Result<tenant::ActiveModel, StoreError> {
    let TenantProfile { display_name, region, calendar, domains, domain_ends } = &tenant.state.directory.profile;
    Ok(tenant::ActiveModel {
        owner: Set(tenant.state.id.into()),
        id: Set(tenant.state.id.into()),
        version: Set(rows::to_bigint(tenant.version)?),
        display_name: Set(display_name.clone()),
        region: Set(region.clone()),
        calendar: Set(calendar.clone()),
        domains: Set(Domains(domains.clone())),
        domain_ends: Set(DomainEnds(domain_ends.clone())),
    })
}
