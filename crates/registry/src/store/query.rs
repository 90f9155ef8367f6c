//! Queries that API methods run outside of a writer's transaction. A query that is limited to one
//! partner or tenant has it as a parameter. A *key* is one workload or subscription of a tenant. An
//! association is *official* while the partner is on record for the key. It is *live* while it is
//! official, or pending before that.
use std::collections::{BTreeMap, BTreeSet};

use cpor_bulk_rows::{fetch_all, fetch_one};
use cpor_durable::ids;
use cpor_durable::{AggregateKey, StoreError, Versioned, rows};
use cpor_types::{
    AssociationKey, AssociationName, ClaimName, DecisionId, DomainName, MpnId, PartnerId, SubscriptionId,
    SubscriptionName, TenantId, TenantKey, Timestamp, WorkloadName,
};
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use super::children::{self, TenantChildren, Workload};
use super::entity::{
    association, partner, partner_location, subscription, tenant, tenant_claim, tenant_domain, workload,
};
use super::row::{RowContext, tenant_child_error};
use crate::domain::association::Association;
use crate::domain::directory::{PartnerProfile, Subscription, TenantDirectory, TenantProfile};
use crate::domain::partner::Partner;
use crate::domain::record::DecisionOutcome;

/// Returns a partner, or `None` when it does not exist. Uses one query.
pub(crate) async fn partner(db: &DatabaseConnection, id: &PartnerId) -> Result<Option<Partner>, StoreError> {
    let row = fetch_one(db, partner::Entity::find_by_id((ids::PartnerId::from(id), Uuid::nil()))).await?;
    Ok(row.map(Versioned::<Partner>::try_from).transpose()?.map(|partner| partner.state))
}

/// Returns the profile of a partner, or `None` when it does not exist. Uses one query.
pub(crate) async fn partner_profile(
    db: &DatabaseConnection,
    id: &PartnerId,
) -> Result<Option<PartnerProfile>, StoreError> {
    Ok(partner(db, id).await?.map(|partner| partner.profile))
}

/// Returns the profile of a tenant, or `None` when it does not exist. Uses one query.
pub(crate) async fn tenant_profile(db: &DatabaseConnection, id: TenantId) -> Result<Option<TenantProfile>, StoreError> {
    let query = tenant::Entity::find_by_id((ids::TenantId::from(id), ids::TenantUuid::from(id)));
    Ok(fetch_one(db, query).await?.map(TenantProfile::from))
}

/// Returns the profiles of these partners. Partners that do not exist are left out. Uses one query.
pub(crate) async fn partners(
    db: &DatabaseConnection,
    ids: &BTreeSet<&PartnerId>,
) -> Result<BTreeMap<PartnerId, PartnerProfile>, StoreError> {
    use partner::Column::{Id, Owner};
    let keys: Vec<AggregateKey> = ids.iter().map(|id| super::partner::key(id)).collect();
    let rows = rows::load_by_keys::<partner::Entity>(db, [Owner, Id], &keys).await?.into_iter();
    let parse = |row| Ok(Versioned::<Partner>::try_from(row)?.state);
    rows.map(parse).map(|partner| partner.map(|Partner { id, profile, .. }| (id, profile))).collect()
}

/// Returns the partner of each of these MPN (Microsoft Partner Network) ids. Ids that no partner
/// has are left out. Uses one query.
pub(crate) async fn mpn_id_owners(
    db: &DatabaseConnection,
    mpn_ids: &BTreeSet<&MpnId>,
) -> Result<BTreeMap<MpnId, PartnerId>, StoreError> {
    use partner_location::{Column, Entity};
    let keys = mpn_ids.iter().map(|mpn_id| [mpn_id.as_str().into()]);
    let rows = cpor_bulk_rows::load::<Entity>(db, &[Column::MpnId], keys).await?.into_iter();
    rows.map(|row| {
        let context = RowContext { table: "partner_location", owner: &row.partner.as_str(), id: Uuid::nil() };
        Ok((context.parse_text(&row.mpn_id)?, context.parse_text(row.partner.as_str())?))
    })
    .collect()
}

/// Returns the tenant of each of these domains. Domains that no tenant has are left out. Uses one
/// query.
pub(crate) async fn domain_owners(
    db: &DatabaseConnection,
    domains: &BTreeSet<&DomainName>,
) -> Result<BTreeMap<DomainName, TenantId>, StoreError> {
    use tenant_domain::{Column, Entity};
    let keys = domains.iter().map(|domain| [domain.as_str().into()]);
    let rows = cpor_bulk_rows::load::<Entity>(db, &[Column::Domain], keys).await.map_err(tenant_child_error)?;
    rows.into_iter()
        .map(|row| {
            let tenant = TenantId::from(row.tenant);
            let context = RowContext { table: "tenant_domain", owner: &tenant, id: Uuid::nil() };
            Ok((context.parse_text(&row.domain)?, tenant))
        })
        .collect()
}

/// Returns which of these tenants exist. Uses one query.
pub(crate) async fn known_tenants(
    db: &DatabaseConnection,
    ids: &BTreeSet<TenantId>,
) -> Result<BTreeSet<TenantId>, StoreError> {
    use tenant::Column::{Id, Owner};
    let keys: Vec<AggregateKey> = ids.iter().map(|id| super::tenant::key(*id)).collect();
    let rows = rows::load_by_keys::<tenant::Entity>(db, [Owner, Id], &keys).await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// Returns the directory data of these tenants, with subscriptions and workloads. Tenants that do
/// not exist are left out. Uses three queries.
pub(crate) async fn tenant_directories(
    db: &DatabaseConnection,
    ids: &BTreeSet<TenantId>,
) -> Result<BTreeMap<TenantId, TenantDirectory>, StoreError> {
    use tenant::Column::{Id, Owner};
    let keys: Vec<AggregateKey> = ids.iter().map(|id| super::tenant::key(*id)).collect();
    let ids: Vec<TenantId> = ids.iter().copied().collect();
    let rows = rows::load_by_keys::<tenant::Entity>(db, [Owner, Id], &keys).await?.into_iter();
    let mut children_by_tenant = children::load_directory_children(db, &ids).await?;
    let directory = |row: tenant::Model| {
        let id = TenantId::from(row.id);
        let TenantChildren { subscriptions, workloads, .. } = children_by_tenant.remove(&id).unwrap_or_default();
        (id, TenantDirectory { profile: row.into(), subscriptions, workloads })
    };
    Ok(rows.map(directory).collect())
}

/// Returns which of these keys the directory has or had. Uses two queries.
pub(crate) async fn known_keys(
    db: &DatabaseConnection,
    keys: &BTreeSet<TenantKey>,
) -> Result<BTreeSet<TenantKey>, StoreError> {
    use sea_orm::Value;
    let (mut subscriptions, mut workloads) = (Vec::<[Value; 2]>::new(), Vec::<[Value; 2]>::new());
    for TenantKey { tenant, key } in keys {
        let tenant = tenant.uuid().into();
        match key {
            AssociationKey::Subscription(id) => subscriptions.push([tenant, id.uuid().into()]),
            AssociationKey::Workload(product) => workloads.push([tenant, product.as_str().into()]),
        }
    }
    let mut known = BTreeSet::new();
    let columns = [subscription::Column::Tenant, subscription::Column::Id];
    let rows = cpor_bulk_rows::load::<subscription::Entity>(db, &columns, subscriptions).await;
    for row in rows.map_err(tenant_child_error)? {
        known.insert(TenantKey { tenant: row.tenant.into(), key: AssociationKey::Subscription(row.id.into()) });
    }
    let columns = [workload::Column::Tenant, workload::Column::Product];
    let rows = cpor_bulk_rows::load::<workload::Entity>(db, &columns, workloads).await;
    for row in rows.map_err(tenant_child_error)? {
        let tenant = row.tenant.into();
        known.insert(TenantKey { tenant, key: AssociationKey::Workload(Workload::try_from(row)?.product) });
    }
    Ok(known)
}

/// Returns one subscription, or `None` when it does not exist. Uses one query.
pub(crate) async fn subscription(
    db: &DatabaseConnection,
    name: &SubscriptionName,
) -> Result<Option<Subscription>, StoreError> {
    let query =
        subscriptions_of(name.tenant).filter(subscription::Column::Id.eq(ids::SubscriptionId::from(name.subscription)));
    let row = fetch_one(db, query).await.map_err(tenant_child_error)?;
    Ok(row.map(subscription_from_row).transpose()?.map(|(_, subscription)| subscription))
}

/// Returns one workload, or `None` when the tenant never used it. Uses one query.
pub(crate) async fn workload(db: &DatabaseConnection, name: &WorkloadName) -> Result<Option<Workload>, StoreError> {
    let query = workloads_of(name.tenant).filter(workload::Column::Product.eq(name.product.as_str()));
    fetch_one(db, query).await.map_err(tenant_child_error)?.map(Workload::try_from).transpose()
}

fn subscriptions_of(tenant: TenantId) -> Select<subscription::Entity> {
    subscription::Entity::find().filter(subscription::Column::Tenant.eq(ids::TenantUuid::from(tenant)))
}

fn workloads_of(tenant: TenantId) -> Select<workload::Entity> {
    workload::Entity::find().filter(workload::Column::Tenant.eq(ids::TenantUuid::from(tenant)))
}

fn subscription_from_row(row: subscription::Model) -> Result<(SubscriptionId, Subscription), StoreError> {
    Ok((row.id.into(), row.try_into()?))
}

/// An association with its resource name.
pub(crate) type AssociationWithName = (AssociationName, Association);

/// Returns the associations that were official for a key at a time, or are official now when `at`
/// is `None`. Uses one query, with the index `association_key`.
pub(crate) async fn associations_on_record(
    db: &DatabaseConnection,
    key: &TenantKey,
    at: Option<Timestamp>,
) -> Result<Vec<AssociationWithName>, StoreError> {
    use association::Column::{EndTime, Id, OfficialTime};
    let ordered = associations_with_key(key).order_by_asc(OfficialTime).order_by_asc(Id);
    let query = match at {
        None => ordered.filter(OfficialTime.is_not_null()).filter(EndTime.is_null()),
        Some(at) => {
            let not_ended = Condition::any().add(EndTime.is_null()).add(EndTime.gt(at));
            ordered.filter(OfficialTime.lte(at)).filter(not_ended)
        }
    };
    fetch_associations(db, query).await
}

/// Returns the times at which these associations will end according to the directory's data about
/// their subscriptions and workloads. Those that have ended, or whose end is not known, are left
/// out. Uses two queries.
pub(crate) async fn expected_ends(
    db: &DatabaseConnection,
    associations: impl Iterator<Item = &AssociationWithName>,
) -> Result<BTreeMap<AssociationName, Timestamp>, StoreError> {
    use sea_orm::Value;
    let live: Vec<_> = associations.filter(|(_, association)| association.is_live()).collect();
    let (mut subscriptions, mut workloads) = (Vec::<[Value; 2]>::new(), Vec::<[Value; 2]>::new());
    for (name, association) in &live {
        let tenant = name.tenant.uuid().into();
        match &association.key {
            AssociationKey::Subscription(id) => subscriptions.push([tenant, id.uuid().into()]),
            AssociationKey::Workload(product) => workloads.push([tenant, product.as_str().into()]),
        }
    }
    let columns = [subscription::Column::Tenant, subscription::Column::Id];
    let rows = cpor_bulk_rows::load::<subscription::Entity>(db, &columns, subscriptions).await;
    let mut subscriptions = BTreeMap::new();
    for row in rows.map_err(tenant_child_error)? {
        let tenant = TenantId::from(row.tenant);
        let (id, subscription) = subscription_from_row(row)?;
        subscriptions.insert((tenant, id), subscription);
    }
    let columns = [workload::Column::Tenant, workload::Column::Product];
    let rows = cpor_bulk_rows::load::<workload::Entity>(db, &columns, workloads).await;
    let mut workloads = BTreeMap::new();
    for row in rows.map_err(tenant_child_error)? {
        let tenant = TenantId::from(row.tenant);
        let Workload { product, end_time } = row.try_into()?;
        workloads.insert((tenant, product), end_time);
    }
    let end = |(name, association): &&AssociationWithName| {
        let end = match &association.key {
            AssociationKey::Subscription(id) => association.end_with(subscriptions.get(&(name.tenant, *id))?),
            AssociationKey::Workload(product) => *workloads.get(&(name.tenant, product.clone()))?,
        };
        Some((name.clone(), end?))
    };
    Ok(live.iter().filter_map(end).collect())
}

/// Returns the time at which the partner's association with a key became official, or `None` when
/// it is not official now (R50). Uses one query, with the index `association_key`.
pub(crate) async fn official_since(
    db: &DatabaseConnection,
    partner: &PartnerId,
    key: &TenantKey,
) -> Result<Option<Timestamp>, StoreError> {
    use association::Column::{EndTime, OfficialTime, Partner};
    let official = associations_with_key(key).filter(OfficialTime.is_not_null()).filter(EndTime.is_null());
    let of_partner = official.filter(Partner.eq(ids::PartnerId::from(partner))).order_by_asc(OfficialTime).limit(1);
    Ok(of_partner.select_only().column(OfficialTime).into_tuple::<Timestamp>().one(db).await?)
}

fn associations_with_key(key: &TenantKey) -> Select<association::Entity> {
    use association::Column::{Key, Tenant};
    association::Entity::find().filter(Tenant.eq(ids::TenantUuid::from(key.tenant))).filter(Key.eq(key.key.to_string()))
}

/// Returns one association, or `None` if it does not exist or does not belong to `partner`. If
/// `partner` is `None`, returns the association of any partner. Uses one query.
pub(crate) async fn association(
    db: &DatabaseConnection,
    name: &AssociationName,
    partner: Option<&PartnerId>,
) -> Result<Option<AssociationWithName>, StoreError> {
    let id = (ids::TenantUuid::from(name.tenant), ids::AssociationId::from(name.association));
    let is_of_partner = partner.map(|partner| association::Column::Partner.eq(ids::PartnerId::from(partner)));
    let query = association::Entity::find_by_id(id).filter(Condition::all().add_option(is_of_partner));
    let row = fetch_one(db, query).await.map_err(tenant_child_error)?;
    row.map(with_name).transpose()
}

/// Returns the keys of these tenants that have a live legacy association (one recorded before
/// claims existed, R58), with its partner. Uses one query, with the index `association_live`.
pub(crate) async fn legacy_holders(
    db: &DatabaseConnection,
    tenants: &BTreeSet<TenantId>,
) -> Result<Vec<(TenantId, AssociationKey, PartnerId)>, StoreError> {
    use association::Column::Claim;
    let ids: Vec<TenantId> = tenants.iter().copied().collect();
    let live = children::live_associations(db.get_database_backend(), &ids);
    let legacy = fetch_associations(db, live.filter(Claim.is_null())).await?.into_iter();
    Ok(legacy
        .map(|(name, association)| (name.tenant, association.key.clone(), association.partner().clone()))
        .collect())
}

/// Returns the recorded outcome of a decision about a claim, or `None` when the decision was not
/// made. Uses one query.
pub(crate) async fn decision(
    db: &DatabaseConnection,
    tenant: TenantId,
    claim: &ClaimName,
    decision_id: DecisionId,
) -> Result<Option<DecisionOutcome>, StoreError> {
    let id = (ids::TenantUuid::from(tenant), ids::PartnerId::from(&claim.partner), ids::ClaimId::from(claim.claim));
    let row = fetch_one(db, tenant_claim::Entity::find_by_id(id)).await.map_err(tenant_child_error)?;
    let Some(row) = row else { return Ok(None) };
    let (_, record) = super::claim::from_row(row)?;
    Ok(record.decision(decision_id).cloned())
}

/// Returns the live associations of a claim in the order of their ids. Uses one query, with the
/// index `association_live`.
pub(crate) async fn live_associations_of(
    db: &DatabaseConnection,
    tenant: TenantId,
    claim: &ClaimName,
) -> Result<Vec<AssociationWithName>, StoreError> {
    use association::Column::{Claim, EndTime, Id, Partner, Tenant};
    let of_tenant = association::Entity::find().filter(Tenant.eq(ids::TenantUuid::from(tenant)));
    let live = of_tenant.filter(EndTime.is_null());
    let of_partner = live.filter(Partner.eq(ids::PartnerId::from(&claim.partner)));
    let of_claim = of_partner.filter(Claim.eq(ids::ClaimId::from(claim.claim)));
    fetch_associations(db, of_claim.order_by_asc(Id)).await
}

/// Runs a query for associations.
async fn fetch_associations(
    db: &DatabaseConnection,
    query: Select<association::Entity>,
) -> Result<Vec<AssociationWithName>, StoreError> {
    fetch_all(db, query).await.map_err(tenant_child_error)?.into_iter().map(with_name).collect()
}

/// Converts a row to an association with its name.
pub(super) fn with_name(row: association::Model) -> Result<AssociationWithName, StoreError> {
    let name = AssociationName { tenant: row.tenant.into(), association: row.id.into() };
    Ok((name, row.try_into()?))
}
