//! Tenants with what belongs to them, and the guards that keep a domain to one tenant and a key to one company.
use std::collections::BTreeMap;

use cpor_durable::{Change, Key, Outgoing, Store, StoreError, Tx, Versioned, rows};
use cpor_types::{AssociationKey, ClaimName, DomainName, TenantId};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::claim;
use super::entity::{key_holder, tenant, tenant_domain};
use super::possessions::{self, Possessions};
use super::row::{Place, json, version};
use crate::domain::directory::{TenantDirectory, TenantProfile};
use crate::domain::record::Precluded;
use crate::domain::tenant::{Holder, Tenant};
use crate::outgoing;

/// Storage of tenants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TenantStore;

/// What the database does not let two have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// Another tenant has this domain.
    Domain(DomainName),
    /// Another company holds this key (R36). The aggregate sees to that under its lock; this is the second bolt.
    Key(AssociationKey),
    /// What is remembered of the claim leaves no room for a decision about it.
    Claim(ClaimName, Precluded),
}

/// The key of a tenant, which owns itself.
pub(crate) fn key(tenant: TenantId) -> Key {
    Key::new(tenant.to_string(), tenant.0)
}

impl Store for TenantStore {
    type Aggregate = Tenant;
    type Clash = Clash;

    const AGGREGATE: &'static str = "tenant";

    fn resource(key: &Key) -> String {
        format!("tenants/{}", key.owner)
    }

    /// Five queries, whatever the number of tenants. What grows with their history is not loaded: associations that have
    /// ended, and what is remembered of claims.
    async fn load(&self, tx: &Tx, keys: &[Key]) -> Result<Vec<(Key, Versioned<Tenant>)>, StoreError> {
        let rows = rows::lock::<tenant::Entity>(tx, keys).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut possessions = possessions::load(tx, &ids).await?;
        let tenant = |row: tenant::Model| {
            let (id, version) = (row.id, row.version);
            let place = Place { table: "tenant", owner: &id, id };
            let found = possessions.remove(&id).unwrap_or_default();
            let directory = TenantDirectory {
                profile: row.try_into()?,
                subscriptions: found.subscriptions,
                workloads: found.workloads,
            };
            let Possessions { associations, successors, .. } = found;
            let state = Tenant { id: TenantId(id), directory, associations, successors, claims: BTreeMap::new() };
            Ok((key(TenantId(id)), Versioned::new(place.version(version)?, state)))
        };
        rows.into_iter().map(tenant).collect()
    }

    /// One statement for the tenants, and one for each kind of thing that changed in any of them; two for claims.
    async fn save(&self, tx: &Tx, changes: &[Change<Tenant>]) -> Result<Vec<(Key, Clash)>, StoreError> {
        // A decision that has its answer keeps it, whatever else would stand in its way now.
        let precluded = claim::save(tx, changes).await?;
        if !precluded.is_empty() {
            return Ok(precluded);
        }
        let rows = changes.iter().map(|change| Ok((change.previous_version(), row(&change.after)?)));
        rows::save::<tenant::Entity>(tx, rows.collect::<Result<Vec<_>, StoreError>>()?).await?;
        possessions::save(tx, changes).await?;
        let mut clashes = save_domains(tx, changes).await?;
        clashes.extend(save_holders(tx, changes).await?);
        Ok(clashes)
    }

    fn outgoing(&self, change: &Change<Tenant>) -> Vec<Outgoing> {
        outgoing::of_tenant(change)
    }
}

async fn save_domains(tx: &Tx, changes: &[Change<Tenant>]) -> Result<Vec<(Key, Clash)>, StoreError> {
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for Change { before, after, .. } in changes {
        let before = before.as_ref().map(|before| &before.state);
        gone.extend(before.into_iter().flat_map(|before| domains(before, Some(&after.state))));
        come.extend(domains(&after.state, before));
    }
    // As every transaction does it, so that none wait in a circle.
    come.sort();
    let row = |(domain, tenant): &(&DomainName, TenantId)| tenant_domain::ActiveModel {
        tenant: Set(tenant.0),
        domain: Set(domain.to_string()),
    };
    rows::delete::<tenant_domain::Entity>(tx, gone.iter().map(row)).await?;
    let refused = rows::insert_new::<tenant_domain::Entity>(tx, come.iter().map(row)).await?;
    Ok(refused.into_iter().map(|n| (key(come[n].1), Clash::Domain(come[n].0.clone()))).collect())
}

/// The domains of one state that the other does not have.
fn domains<'a>(tenant: &'a Tenant, other: Option<&'a Tenant>) -> impl Iterator<Item = (&'a DomainName, TenantId)> {
    let known = move |domain: &DomainName| other.is_some_and(|other| other.directory.profile.domains.contains(domain));
    let domains = tenant.directory.profile.domains.iter();
    domains.filter(move |domain| !known(domain)).map(|domain| (domain, tenant.id))
}

async fn save_holders(tx: &Tx, changes: &[Change<Tenant>]) -> Result<Vec<(Key, Clash)>, StoreError> {
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for Change { before, after, .. } in changes {
        let before = before.as_ref().map(|before| before.state.holders()).unwrap_or_default();
        let (after, tenant) = (after.state.holders(), after.state.id);
        gone.extend(before.difference(&after).map(|holder| (tenant, *holder)));
        come.extend(after.difference(&before).map(|holder| (tenant, *holder)));
    }
    rows::delete::<key_holder::Entity>(tx, gone.iter().map(holder_row)).await?;
    let refused = rows::insert_new::<key_holder::Entity>(tx, come.iter().map(holder_row)).await?;
    let clash = |(tenant, holder): &(TenantId, Holder<'_>)| (self::key(*tenant), Clash::Key(holder.key.clone()));
    // Two companies for one key in these very changes: the one row that is inserted would speak for both.
    let same = |two: &[(TenantId, Holder<'_>)]| (two[0].0, two[0].1.key) == (two[1].0, two[1].1.key);
    let twice = come.windows(2).filter(|two| same(two)).map(|two| clash(&two[1]));
    Ok(refused.into_iter().map(|n| clash(&come[n])).chain(twice).collect())
}

fn holder_row((tenant, holder): &(TenantId, Holder<'_>)) -> key_holder::ActiveModel {
    let claim = holder.successor.map(|successor| &successor.claim);
    key_holder::ActiveModel {
        tenant: Set(tenant.0),
        key: Set(holder.key.to_string()),
        partner: Set(holder.partner.to_string()),
        successor_partner: Set(claim.map(|claim| claim.partner.to_string())),
        successor_claim: Set(claim.map(|claim| claim.claim.0)),
        successor_case: Set(holder.successor.and_then(|successor| successor.review_case).map(Into::into)),
    }
}

impl TryFrom<tenant::Model> for TenantProfile {
    type Error = StoreError;

    fn try_from(row: tenant::Model) -> Result<Self, StoreError> {
        let place = Place { table: "tenant", owner: &row.owner, id: row.id };
        Ok(Self {
            domains: place.json(row.domains)?,
            display_name: row.display_name,
            region: row.region,
            calendar: row.calendar,
        })
    }
}

fn row(tenant: &Versioned<Tenant>) -> Result<tenant::ActiveModel, StoreError> {
    let TenantProfile { display_name, region, calendar, domains } = &tenant.state.directory.profile;
    Ok(tenant::ActiveModel {
        owner: Set(tenant.state.id.to_string()),
        id: Set(tenant.state.id.0),
        version: Set(version(tenant.version)?),
        display_name: Set(display_name.clone()),
        region: Set(region.clone()),
        calendar: Set(calendar.clone()),
        domains: Set(json(domains)?),
    })
}
