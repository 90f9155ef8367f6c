//! What belongs to tenants beside their own rows: subscriptions, workloads, live associations, successors.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use cpor_durable::{Change, Micros, StoreError, Tx, rows};
use cpor_types::{
    AssociationId, AssociationKey, CaseId, ClaimId, ClaimName, ProductId, SubscriptionId, TenantId, Timestamp,
};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Select};
use uuid::Uuid;

use super::association as associations;
use super::entity::{association, key_holder, subscription, workload};
use super::row::Place;
use crate::domain::association::Association;
use crate::domain::directory::{PurchaseChannel, Subscription, SubscriptionStatus};
use crate::domain::tenant::{Successor, Tenant};

/// What belongs to one tenant.
#[derive(Debug, Default)]
pub(super) struct Possessions {
    pub(super) subscriptions: BTreeMap<SubscriptionId, Subscription>,
    pub(super) workloads: BTreeSet<ProductId>,
    pub(super) associations: BTreeMap<AssociationId, Association>,
    pub(super) successors: BTreeMap<AssociationKey, Successor>,
}

/// Loads what belongs to these tenants: four queries.
pub(super) async fn load(
    db: &impl ConnectionTrait,
    tenants: &[Uuid],
) -> Result<HashMap<Uuid, Possessions>, StoreError> {
    if tenants.is_empty() {
        return Ok(HashMap::new());
    }
    let mut all = possessed(db, tenants).await?;
    for row in live(db.get_database_backend(), tenants).all(db).await? {
        let (tenant, id) = (row.tenant, AssociationId(row.id));
        all.entry(tenant).or_default().associations.insert(id, row.try_into()?);
    }
    for row in succeeded(db.get_database_backend(), tenants).all(db).await? {
        if let Some((tenant, key, successor)) = successor(&row)? {
            all.entry(tenant).or_default().successors.insert(key, successor);
        }
    }
    Ok(all)
}

/// The subscriptions and workloads of these tenants: two queries.
pub(super) async fn possessed(
    db: &impl ConnectionTrait,
    tenants: &[Uuid],
) -> Result<HashMap<Uuid, Possessions>, StoreError> {
    let mut all = HashMap::<Uuid, Possessions>::new();
    for row in rows::by_id::<subscription::Entity>(db, subscription::Column::Tenant, tenants).await? {
        let (tenant, id) = (row.tenant, SubscriptionId(row.id));
        all.entry(tenant).or_default().subscriptions.insert(id, row.try_into()?);
    }
    for row in rows::by_id::<workload::Entity>(db, workload::Column::Tenant, tenants).await? {
        all.entry(row.tenant).or_default().workloads.insert(row.try_into()?);
    }
    Ok(all)
}

/// The associations that last.
pub(super) fn live(backend: DbBackend, tenants: &[Uuid]) -> Select<association::Entity> {
    use association::Column::{EndTime, Tenant};
    association::Entity::find().filter(among(Tenant, backend, tenants)).filter(EndTime.is_null())
}

/// The keys that have a successor.
fn succeeded(backend: DbBackend, tenants: &[Uuid]) -> Select<key_holder::Entity> {
    use key_holder::Column::{SuccessorClaim, Tenant};
    key_holder::Entity::find().filter(among(Tenant, backend, tenants)).filter(SuccessorClaim.is_not_null())
}

/// One statement text on PostgreSQL, however many tenants.
fn among(column: impl ColumnTrait, backend: DbBackend, tenants: &[Uuid]) -> Expr {
    let ids = tenants.iter().copied();
    if backend == DbBackend::Postgres { column.eq_any(ids) } else { column.is_in(ids) }
}

fn successor(row: &key_holder::Model) -> Result<Option<(Uuid, AssociationKey, Successor)>, StoreError> {
    let place = Place { table: "key_holder", owner: &row.tenant, id: row.tenant };
    let (Some(partner), Some(claim)) = (&row.successor_partner, row.successor_claim) else { return Ok(None) };
    let claim = ClaimName { partner: place.text(partner)?, claim: ClaimId(claim) };
    let successor = Successor { claim, review_case: row.successor_case.map(CaseId) };
    Ok(Some((row.tenant, place.text(&row.key)?, successor)))
}

/// Saves what changed: a statement for each kind of thing that did.
pub(super) async fn save(tx: &Tx, changes: &[Change<Tenant>]) -> Result<(), StoreError> {
    let (mut bought, mut used, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        let (tenant, before, after) =
            (change.after.state.id, change.before.as_ref().map(|known| &known.state), &change.after.state);
        let known = before.map(|before| &before.directory.subscriptions);
        bought
            .extend(changed(known, &after.directory.subscriptions).map(|(id, new)| subscription_row(tenant, *id, new)));
        let known = before.map(|before| &before.directory.workloads);
        let new =
            after.directory.workloads.iter().filter(|product| !known.is_some_and(|known| known.contains(*product)));
        used.extend(new.map(|product| workload_row(tenant, product)));
        let known = before.map(|before| &before.associations);
        held.extend(changed(known, &after.associations).map(|(id, new)| associations::row(tenant, *id, new)));
    }
    rows::upsert::<subscription::Entity>(tx, bought).await?;
    rows::insert::<workload::Entity>(tx, used).await?;
    rows::upsert::<association::Entity>(tx, held).await?;
    Ok(())
}

/// The entries that are new or other than they were. (None ever goes.)
pub(super) fn changed<'a, K: Ord, V: PartialEq>(
    before: Option<&'a BTreeMap<K, V>>,
    after: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, &'a V)> {
    after.iter().filter(move |(key, value)| before.and_then(|before| before.get(key)) != Some(value))
}

impl TryFrom<subscription::Model> for Subscription {
    type Error = StoreError;

    fn try_from(row: subscription::Model) -> Result<Self, StoreError> {
        let place = Place { table: "subscription", owner: &row.tenant, id: row.id };
        Ok(Self {
            product: place.text(&row.product)?,
            status: place.word(&row.status, SubscriptionStatus::from_word)?,
            channel: place.word(&row.channel, PurchaseChannel::from_word)?,
            purchase_time: row.purchase_time.into(),
            end_time: row.end_time.map(Timestamp::from),
            expire_time: row.expire_time.map(Timestamp::from),
        })
    }
}

fn subscription_row(tenant: TenantId, id: SubscriptionId, subscription: &Subscription) -> subscription::ActiveModel {
    subscription::ActiveModel {
        tenant: Set(tenant.0),
        id: Set(id.0),
        product: Set(subscription.product.to_string()),
        status: Set(subscription.status.as_str().to_owned()),
        channel: Set(subscription.channel.as_str().to_owned()),
        purchase_time: Set(subscription.purchase_time.into()),
        end_time: Set(subscription.end_time.map(Micros::from)),
        expire_time: Set(subscription.expire_time.map(Micros::from)),
    }
}

impl TryFrom<workload::Model> for ProductId {
    type Error = StoreError;

    fn try_from(row: workload::Model) -> Result<Self, StoreError> {
        Place { table: "workload", owner: &row.tenant, id: row.tenant }.text(&row.product)
    }
}

fn workload_row(tenant: TenantId, product: &ProductId) -> workload::ActiveModel {
    workload::ActiveModel { tenant: Set(tenant.0), product: Set(product.to_string()) }
}
