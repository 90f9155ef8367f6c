//! Queries that API methods run outside of a writer's transaction. A query that is limited to one
//! partner or tenant has it as a parameter. A *key* is one workload or subscription of a tenant. An
//! association is *official* while the partner is on record for the key. It is *live* while it is
//! official, or pending before that.
use std::collections::{BTreeMap, BTreeSet};

use cpor_bulk_rows::{fetch_all, fetch_one};
use cpor_durable::ids;
use cpor_durable::{AggregateKey, StoreError, Versioned, rows};
use cpor_types::{
    AssociationKey, AssociationName, ClaimName, DecisionId, PartnerId, ProductId, SubscriptionId, TenantId, TenantKey,
    Timestamp,
};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::children::{self, TenantChildren};
use super::entity::{association, partner, subscription, tenant, tenant_claim, workload};
use super::row::child_load_error;
use crate::domain::association::Association;
use crate::domain::directory::{PartnerProfile, Subscription, TenantDirectory, TenantProfile};
use crate::domain::partner::Partner;
use crate::domain::record::Decision;

/// Returns the profile of a partner, or `None` when it does not exist. Uses one query.
pub(crate) async fn partner(db: &DatabaseConnection, id: &PartnerId) -> Result<Option<PartnerProfile>, StoreError> {
    let row = fetch_one(db, partner::Entity::find_by_id((ids::PartnerId::from(id), Uuid::nil()))).await?;
    let partner = row.map(Versioned::<Partner>::try_from).transpose()?;
    Ok(partner.map(|partner| partner.state.profile))
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
    let rows = rows::load_children::<partner::Entity>(db, [Owner, Id], &keys).await?.into_iter();
    let parse = |row| Ok(Versioned::<Partner>::try_from(row)?.state);
    rows.map(parse).map(|partner| partner.map(|Partner { id, profile }| (id, profile))).collect()
}

/// Returns the profiles of these tenants, with subscriptions and workloads. Tenants that do not
/// exist are left out. Uses three queries.
pub(crate) async fn tenant_directories(
    db: &DatabaseConnection,
    ids: &BTreeSet<TenantId>,
) -> Result<BTreeMap<TenantId, TenantDirectory>, StoreError> {
    use tenant::Column::{Id, Owner};
    let keys: Vec<AggregateKey> = ids.iter().map(|id| super::tenant::key(*id)).collect();
    let ids: Vec<TenantId> = ids.iter().copied().collect();
    let rows = rows::load_children::<tenant::Entity>(db, [Owner, Id], &keys).await?.into_iter();
    let mut children_by_tenant = children::load_directory_children(db, &ids).await?;
    let directory = |row: tenant::Model| {
        let id = TenantId::from(row.id);
        let TenantChildren { subscriptions, workloads, .. } = children_by_tenant.remove(&id).unwrap_or_default();
        (id, TenantDirectory { profile: row.into(), subscriptions, workloads })
    };
    Ok(rows.map(directory).collect())
}

/// Returns a page of a tenant's subscriptions in the order of their ids, starting after `after` or
/// with the first. Uses one query.
pub(crate) async fn subscriptions(
    db: &DatabaseConnection,
    tenant: TenantId,
    after: Option<SubscriptionId>,
    limit: u64,
) -> Result<Vec<(SubscriptionId, Subscription)>, StoreError> {
    let mut select = subscriptions_of(tenant).order_by_asc(subscription::Column::Id).limit(limit);
    if let Some(after) = after {
        select = select.filter(subscription::Column::Id.gt(ids::SubscriptionId::from(after)));
    }
    fetch_all(db, select).await.map_err(child_load_error)?.into_iter().map(subscription).collect()
}

/// Returns a page of a tenant's workloads in the order of their product ids, starting after `after`
/// or with the first. Uses one query.
pub(crate) async fn workloads(
    db: &DatabaseConnection,
    tenant: TenantId,
    after: Option<ProductId>,
    limit: u64,
) -> Result<Vec<ProductId>, StoreError> {
    let mut select = workloads_of(tenant).order_by_asc(workload::Column::Product).limit(limit);
    if let Some(after) = after {
        select = select.filter(workload::Column::Product.gt(after.as_str()));
    }
    fetch_all(db, select).await.map_err(child_load_error)?.into_iter().map(ProductId::try_from).collect()
}

fn subscriptions_of(tenant: TenantId) -> Select<subscription::Entity> {
    subscription::Entity::find().filter(subscription::Column::Tenant.eq(ids::TenantUuid::from(tenant)))
}

fn workloads_of(tenant: TenantId) -> Select<workload::Entity> {
    workload::Entity::find().filter(workload::Column::Tenant.eq(ids::TenantUuid::from(tenant)))
}

fn subscription(row: subscription::Model) -> Result<(SubscriptionId, Subscription), StoreError> {
    Ok((row.id.into(), row.try_into()?))
}

/// An association with its resource name.
pub(crate) type NamedAssociation = (AssociationName, Association);

/// Returns the associations that were official for a key at a time, or are official now when `at`
/// is `None`. Uses one query, with the index `association_key`.
pub(crate) async fn associations_on_record(
    db: &DatabaseConnection,
    key: &TenantKey,
    at: Option<Timestamp>,
) -> Result<Vec<NamedAssociation>, StoreError> {
    use association::Column::{EndTime, Id, OfficialTime};
    let ordered = associations_with_key(key).order_by_asc(OfficialTime).order_by_asc(Id);
    let query = match at {
        None => ordered.filter(OfficialTime.is_not_null()).filter(EndTime.is_null()),
        Some(at) => {
            let not_ended = Condition::any().add(EndTime.is_null()).add(EndTime.gt(at));
            ordered.filter(OfficialTime.lte(at)).filter(not_ended)
        }
    };
    named(db, query).await
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

/// One association, or `None` when it does not exist. Uses one query.
pub(crate) async fn association(
    db: &DatabaseConnection,
    name: &AssociationName,
) -> Result<Option<NamedAssociation>, StoreError> {
    let id = (ids::TenantUuid::from(name.tenant), ids::AssociationId::from(name.association));
    let row = fetch_one(db, association::Entity::find_by_id(id)).await.map_err(child_load_error)?;
    row.map(to_named).transpose()
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
    let legacy = named(db, live.filter(Claim.is_null())).await?.into_iter();
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
) -> Result<Option<Decision>, StoreError> {
    let id = (ids::TenantUuid::from(tenant), ids::PartnerId::from(&claim.partner), ids::ClaimId::from(claim.claim));
    let row = fetch_one(db, tenant_claim::Entity::find_by_id(id)).await.map_err(child_load_error)?;
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
) -> Result<Vec<NamedAssociation>, StoreError> {
    use association::Column::{Claim, EndTime, Id, Partner, Tenant};
    let of_tenant = association::Entity::find().filter(Tenant.eq(ids::TenantUuid::from(tenant)));
    let live = of_tenant.filter(EndTime.is_null());
    let of_partner = live.filter(Partner.eq(ids::PartnerId::from(&claim.partner)));
    let of_claim = of_partner.filter(Claim.eq(ids::ClaimId::from(claim.claim)));
    named(db, of_claim.order_by_asc(Id)).await
}

/// Selects the associations to list: those that the caller may see and that the caller's own filter
/// selects. A field that is `None` selects all.
#[derive(Clone, Debug, Default)]
pub(crate) struct AssociationFilter {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) partner: Option<PartnerId>,
    pub(crate) claim: Option<ClaimName>,
    pub(crate) state: Option<StateFilter>,
}

/// Selects associations by their state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StateFilter {
    Pending,
    Official,
    Ended,
}

/// The position of an association in the list. The next page starts after it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct AssociationCursor {
    hold_time: Timestamp,
    id: Uuid,
}

impl From<&NamedAssociation> for AssociationCursor {
    fn from((name, association): &NamedAssociation) -> Self {
        Self { hold_time: association.hold_time, id: name.association.uuid() }
    }
}

/// Returns a page of associations, the newest first. Uses one query, with the index
/// `association_tenant`, `association_partner` or `association_all`.
pub(crate) async fn associations(
    db: &DatabaseConnection,
    filter: &AssociationFilter,
    after: Option<AssociationCursor>,
    limit: u64,
) -> Result<Vec<NamedAssociation>, StoreError> {
    use association::Column::{Claim, EndTime, HoldTime, Id, OfficialTime, Partner, Tenant};
    let mut condition = Condition::all()
        .add_option(filter.tenant.map(|tenant| Tenant.eq(ids::TenantUuid::from(tenant))))
        .add_option(filter.partner.as_ref().map(|partner| Partner.eq(ids::PartnerId::from(partner))));
    if let Some(ClaimName { partner, claim }) = &filter.claim {
        condition = condition.add(Partner.eq(ids::PartnerId::from(partner))).add(Claim.eq(ids::ClaimId::from(*claim)));
    }
    if let Some(state) = filter.state {
        condition = match state {
            StateFilter::Pending => condition.add(OfficialTime.is_null()).add(EndTime.is_null()),
            StateFilter::Official => condition.add(OfficialTime.is_not_null()).add(EndTime.is_null()),
            StateFilter::Ended => condition.add(EndTime.is_not_null()),
        };
    }
    if let Some(AssociationCursor { hold_time, id }) = after {
        let columns = Expr::tuple([Expr::col(HoldTime), Expr::col(Id)]);
        condition =
            condition.add(columns.lt(Expr::tuple([Expr::val(hold_time), Expr::val(ids::AssociationId::from(id))])));
    }
    let newest = association::Entity::find().filter(condition).order_by_desc(HoldTime).order_by_desc(Id);
    named(db, newest.limit(limit)).await
}

/// Runs a query for associations.
async fn named(
    db: &DatabaseConnection,
    query: Select<association::Entity>,
) -> Result<Vec<NamedAssociation>, StoreError> {
    fetch_all(db, query).await.map_err(child_load_error)?.into_iter().map(to_named).collect()
}

/// Converts a row to an association with its name.
fn to_named(row: association::Model) -> Result<NamedAssociation, StoreError> {
    let name = AssociationName { tenant: row.tenant.into(), association: row.id.into() };
    Ok((name, row.try_into()?))
}
