//! Reads outside the writer. Whose rows they see is part of how each is asked.
use std::collections::{BTreeMap, BTreeSet};

use cpor_durable::rows::Micros;
use cpor_durable::{Key, StoreError, Versioned, rows};
use cpor_types::{
    AssociationId, AssociationKey, AssociationName, ClaimName, DecisionId, PartnerId, ProductId, SubscriptionId,
    TenantId, TenantKey, Timestamp,
};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entity::{association, partner, subscription, tenant, tenant_claim, workload};
use super::possessions::{self, Possessions};
use crate::domain::association::Association;
use crate::domain::directory::{PartnerProfile, Subscription, TenantDirectory, TenantProfile};
use crate::domain::partner::Partner;
use crate::domain::record::Decision;

/// What the directory says of a partner. One read.
pub(crate) async fn partner(db: &DatabaseConnection, id: &PartnerId) -> Result<Option<PartnerProfile>, StoreError> {
    let row = partner::Entity::find_by_id((id.to_string(), Uuid::nil())).one(db).await?;
    let partner = row.map(Versioned::<Partner>::try_from).transpose()?;
    Ok(partner.map(|partner| partner.state.profile))
}

/// What the directory says of a customer, without what it has. One read.
pub(crate) async fn tenant_profile(db: &DatabaseConnection, id: TenantId) -> Result<Option<TenantProfile>, StoreError> {
    tenant::Entity::find_by_id((id.to_string(), id.0)).one(db).await?.map(TenantProfile::try_from).transpose()
}

/// What the directory says of these partners. One read.
pub(crate) async fn partners(
    db: &DatabaseConnection,
    ids: &BTreeSet<&PartnerId>,
) -> Result<BTreeMap<PartnerId, PartnerProfile>, StoreError> {
    use partner::Column::{Id, Owner};
    let keys: Vec<Key> = ids.iter().map(|id| super::partner::key(id)).collect();
    let rows = rows::children::<partner::Entity>(db, [Owner, Id], &keys).await?.into_iter();
    let read = |row| Ok(Versioned::<Partner>::try_from(row)?.state);
    rows.map(read).map(|read| read.map(|Partner { id, profile }| (id, profile))).collect()
}

/// All that the directory says of these customers. Three reads.
pub(crate) async fn tenant_directories(
    db: &DatabaseConnection,
    ids: &BTreeSet<TenantId>,
) -> Result<BTreeMap<TenantId, TenantDirectory>, StoreError> {
    use tenant::Column::{Id, Owner};
    let keys: Vec<Key> = ids.iter().map(|id| super::tenant::key(*id)).collect();
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = rows::children::<tenant::Entity>(db, [Owner, Id], &keys).await?.into_iter();
    let mut found = possessions::possessed(db, &ids).await?;
    let directory = |row: tenant::Model| {
        let Possessions { subscriptions, workloads, .. } = found.remove(&row.id).unwrap_or_default();
        Ok((TenantId(row.id), TenantDirectory { profile: row.try_into()?, subscriptions, workloads }))
    };
    rows.map(directory).collect()
}

/// A tenant's subscriptions by id, those after `after`. One read.
pub(crate) async fn subscriptions(
    db: &DatabaseConnection,
    tenant: TenantId,
    after: Option<SubscriptionId>,
    limit: u64,
) -> Result<Vec<(SubscriptionId, Subscription)>, StoreError> {
    let mut select = subscriptions_of(tenant).order_by_asc(subscription::Column::Id).limit(limit);
    if let Some(after) = after {
        select = select.filter(subscription::Column::Id.gt(after.0));
    }
    select.all(db).await?.into_iter().map(subscription).collect()
}

/// A tenant's workloads by product, those after `after`. One read.
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
    select.all(db).await?.into_iter().map(ProductId::try_from).collect()
}

fn subscriptions_of(tenant: TenantId) -> Select<subscription::Entity> {
    subscription::Entity::find().filter(subscription::Column::Tenant.eq(tenant.0))
}

fn workloads_of(tenant: TenantId) -> Select<workload::Entity> {
    workload::Entity::find().filter(workload::Column::Tenant.eq(tenant.0))
}

fn subscription(row: subscription::Model) -> Result<(SubscriptionId, Subscription), StoreError> {
    Ok((SubscriptionId(row.id), row.try_into()?))
}

/// An association with its name.
pub(crate) type Named = (AssociationName, Association);

/// Who was on record for a key at a time, or is now. One read of `association_key`.
pub(crate) async fn on_record(
    db: &DatabaseConnection,
    key: &TenantKey,
    at: Option<Timestamp>,
) -> Result<Vec<Named>, StoreError> {
    use association::Column::{EndTime, Id, OfficialTime};
    let of_key = on_key(key).order_by_asc(OfficialTime).order_by_asc(Id);
    let rows = match at.map(Micros::from) {
        None => of_key.filter(OfficialTime.is_not_null()).filter(EndTime.is_null()),
        Some(at) => {
            let lasts = Condition::any().add(EndTime.is_null()).add(EndTime.gt(at));
            of_key.filter(OfficialTime.lte(at)).filter(lasts)
        }
    };
    rows.all(db).await?.into_iter().map(named).collect()
}

/// Since when a partner is on record for a key; `None` when it is not now (R50). One read of `association_key`.
pub(crate) async fn official_since(
    db: &DatabaseConnection,
    partner: &PartnerId,
    key: &TenantKey,
) -> Result<Option<Timestamp>, StoreError> {
    use association::Column::{EndTime, OfficialTime, Partner};
    let official = on_key(key).filter(OfficialTime.is_not_null()).filter(EndTime.is_null());
    let theirs = official.filter(Partner.eq(partner.as_str())).order_by_asc(OfficialTime).limit(1);
    let since = theirs.select_only().column(OfficialTime).into_tuple::<Micros>().one(db).await?;
    Ok(since.map(Timestamp::from))
}

fn on_key(key: &TenantKey) -> Select<association::Entity> {
    use association::Column::{Key, Tenant};
    association::Entity::find().filter(Tenant.eq(key.tenant.0)).filter(Key.eq(key.key.to_string()))
}

/// One association. One read.
pub(crate) async fn association(db: &DatabaseConnection, name: &AssociationName) -> Result<Option<Named>, StoreError> {
    let row = association::Entity::find_by_id((name.tenant.0, name.association.0)).one(db).await?;
    row.map(named).transpose()
}

/// The keys of these tenants that companies are on record for without a claim (R58), with those companies. One read of
/// `association_live`.
pub(crate) async fn legacy_holders(
    db: &DatabaseConnection,
    tenants: &BTreeSet<TenantId>,
) -> Result<Vec<(TenantId, AssociationKey, PartnerId)>, StoreError> {
    use association::Column::Claim;
    let ids: Vec<Uuid> = tenants.iter().map(|id| id.0).collect();
    let live = possessions::live(db.get_database_backend(), &ids);
    let rows = live.filter(Claim.is_null()).all(db).await?;
    let holder = |row: association::Model| {
        let (name, found) = named(row)?;
        Ok((name.tenant, found.key.clone(), found.partner().clone()))
    };
    rows.into_iter().map(holder).collect()
}

/// What a decision about a claim was answered; `None` when it was not made. One read.
pub(crate) async fn decision(
    db: &DatabaseConnection,
    tenant: TenantId,
    claim: &ClaimName,
    decision_id: DecisionId,
) -> Result<Option<Decision>, StoreError> {
    let id = (tenant.0, claim.partner.to_string(), claim.claim.0);
    let Some(row) = tenant_claim::Entity::find_by_id(id).one(db).await? else { return Ok(None) };
    let (_, record) = super::claim::remembered(row)?;
    Ok(record.decision(decision_id).cloned())
}

/// The associations of a claim that last, by id. One read of `association_live`.
pub(crate) async fn live_of(
    db: &DatabaseConnection,
    tenant: TenantId,
    claim: &ClaimName,
) -> Result<Vec<Named>, StoreError> {
    use association::Column::{Claim, EndTime, Id, Partner, Tenant};
    let live = association::Entity::find().filter(Tenant.eq(tenant.0)).filter(EndTime.is_null());
    let theirs = live.filter(Partner.eq(claim.partner.as_str())).filter(Claim.eq(claim.claim.0));
    theirs.order_by_asc(Id).all(db).await?.into_iter().map(named).collect()
}

/// Whose associations a caller may see, and which of them it asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) tenant: Option<TenantId>,
    pub(crate) partner: Option<PartnerId>,
    pub(crate) claim: Option<ClaimName>,
    pub(crate) stage: Option<Stage>,
}

/// Where an association stands, as a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Pending,
    Official,
    Ended,
}

/// Where a page of associations begins: after this one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct After {
    hold_time: Micros,
    id: Uuid,
}

impl From<&Named> for After {
    fn from((name, association): &Named) -> Self {
        Self { hold_time: association.hold_time.into(), id: name.association.0 }
    }
}

/// Associations, newest first. One read, of the index of the customer, of the partner, or of all.
pub(crate) async fn associations(
    db: &DatabaseConnection,
    wanted: &Wanted,
    after: Option<After>,
    limit: u64,
) -> Result<Vec<Named>, StoreError> {
    use association::Column::{Claim, EndTime, HoldTime, Id, OfficialTime, Partner, Tenant};
    let mut filter = Condition::all()
        .add_option(wanted.tenant.map(|tenant| Tenant.eq(tenant.0)))
        .add_option(wanted.partner.as_ref().map(|partner| Partner.eq(partner.as_str())))
        .add_option(wanted.claim.as_ref().map(|name| Partner.eq(name.partner.as_str()).and(Claim.eq(name.claim.0))));
    if let Some(stage) = wanted.stage {
        filter = match stage {
            Stage::Pending => filter.add(OfficialTime.is_null()).add(EndTime.is_null()),
            Stage::Official => filter.add(OfficialTime.is_not_null()).add(EndTime.is_null()),
            Stage::Ended => filter.add(EndTime.is_not_null()),
        };
    }
    if let Some(After { hold_time, id }) = after {
        let columns = Expr::tuple([Expr::col(HoldTime), Expr::col(Id)]);
        filter = filter.add(columns.lt(Expr::tuple([Expr::val(hold_time), Expr::val(id)])));
    }
    let newest = association::Entity::find().filter(filter).order_by_desc(HoldTime).order_by_desc(Id);
    newest.limit(limit).all(db).await?.into_iter().map(named).collect()
}

fn named(row: association::Model) -> Result<Named, StoreError> {
    let name = AssociationName { tenant: TenantId(row.tenant), association: AssociationId(row.id) };
    Ok((name, row.try_into()?))
}
