//! Storage of the child rows of tenants: subscriptions, workloads, associations and successors. A
//! *live* association is pending (approved, but the customer may still decline) or official (the
//! partner is on record). A *successor* is the claim that was awarded a workload or subscription (a
//! *key*) and does not hold it alone yet.
use std::collections::{BTreeMap, HashMap};

use cpor_bulk_rows::fetch_all;
use cpor_durable::ids::TenantUuid;
use cpor_durable::{Change, StoreError, Tx, rows};
use cpor_types::{AssociationId, AssociationKey, ClaimName, ProductId, SubscriptionId, TenantId, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Select};

use super::association::to_row as to_association_row;
use super::entity::end_reason::EndReason as EndedBy;
use super::entity::{association, key_holder, subscription, workload};
use super::row::{RowContext, tenant_child_error};
use crate::domain::association::Association;
use crate::domain::directory::Subscription;
use crate::domain::tenant::{Successor, Tenant};

/// The child rows of one tenant, as domain values.
#[derive(Debug, Default)]
pub(super) struct TenantChildren {
    pub(super) subscriptions: BTreeMap<SubscriptionId, Subscription>,
    pub(super) workloads: BTreeMap<ProductId, Option<Timestamp>>,
    pub(super) associations: BTreeMap<AssociationId, Association>,
    pub(super) successors: BTreeMap<AssociationKey, Successor>,
}

/// Loads the child rows of these tenants that decisions need, with five queries.
pub(super) async fn load(
    db: &impl ConnectionTrait,
    tenants: &[TenantId],
) -> Result<HashMap<TenantId, TenantChildren>, StoreError> {
    if tenants.is_empty() {
        return Ok(HashMap::new());
    }
    let mut children = load_directory_children(db, tenants).await?;
    let live = live_associations(db.get_database_backend(), tenants);
    for row in fetch_all(db, live).await.map_err(tenant_child_error)? {
        let (tenant, id) = (row.tenant.into(), AssociationId::from(row.id));
        children.entry(tenant).or_default().associations.insert(id, row.try_into()?);
    }
    let ended = ended_associations(db.get_database_backend(), tenants);
    for row in fetch_all(db, ended).await.map_err(tenant_child_error)? {
        let (tenant, id) = (row.tenant.into(), AssociationId::from(row.id));
        children.entry(tenant).or_default().associations.insert(id, row.try_into()?);
    }
    let with_successor = keys_with_successor(db.get_database_backend(), tenants);
    for row in fetch_all(db, with_successor).await.map_err(tenant_child_error)? {
        if let Some((tenant, key, successor)) = successor(&row)? {
            children.entry(tenant).or_default().successors.insert(key, successor);
        }
    }
    Ok(children)
}

/// Loads the subscriptions and workloads of these tenants, with two queries.
pub(super) async fn load_directory_children(
    db: &impl ConnectionTrait,
    tenants: &[TenantId],
) -> Result<HashMap<TenantId, TenantChildren>, StoreError> {
    let mut children = HashMap::<TenantId, TenantChildren>::new();
    for row in load_rows_of::<subscription::Entity>(db, subscription::Column::Tenant, tenants).await? {
        let (tenant, id) = (row.tenant.into(), SubscriptionId::from(row.id));
        children.entry(tenant).or_default().subscriptions.insert(id, row.try_into()?);
    }
    for row in load_rows_of::<workload::Entity>(db, workload::Column::Tenant, tenants).await? {
        let tenant = row.tenant.into();
        let Workload { product, end_time } = row.try_into()?;
        children.entry(tenant).or_default().workloads.insert(product, end_time);
    }
    Ok(children)
}

/// Loads the rows of `E` whose column `tenant` is one of these tenants, with one query.
async fn load_rows_of<E: EntityTrait>(
    db: &impl ConnectionTrait,
    tenant: E::Column,
    tenants: &[TenantId],
) -> Result<Vec<E::Model>, StoreError> {
    let ids: Vec<_> = tenants.iter().map(|tenant| tenant.uuid()).collect();
    rows::load_by_id::<E>(db, tenant, &ids).await.map_err(tenant_child_error)
}

/// Returns the query for the live associations of these tenants.
pub(super) fn live_associations(backend: DbBackend, tenants: &[TenantId]) -> Select<association::Entity> {
    use association::Column::{EndTime, Tenant};
    association::Entity::find().filter(is_one_of(Tenant, backend, tenants)).filter(EndTime.is_null())
}

/// Returns the query for the associations that have ended with their subscription or workload, or
/// in favour of another company, or otherwise after they were official. They are needed because an
/// event that affects them can arrive late (R47). There are few of them: about one for each
/// subscription that has ended, because few keys are awarded, and few official associations are
/// withdrawn or declined.
fn ended_associations(backend: DbBackend, tenants: &[TenantId]) -> Select<association::Entity> {
    use association::Column::{EndReason, EndTime, OfficialTime, Tenant};
    let reasons = [EndedBy::Expired, EndedBy::Superseded].map(|reason| Expr::Constant(reason.into()));
    let ended = association::Entity::find().filter(is_one_of(Tenant, backend, tenants)).filter(EndTime.is_not_null());
    ended.filter(Expr::col(EndReason).is_in(reasons).or(OfficialTime.is_not_null()))
}

/// Returns the query for the keys of these tenants that have a successor.
fn keys_with_successor(backend: DbBackend, tenants: &[TenantId]) -> Select<key_holder::Entity> {
    use key_holder::Column::{SuccessorClaim, Tenant};
    key_holder::Entity::find().filter(is_one_of(Tenant, backend, tenants)).filter(SuccessorClaim.is_not_null())
}

/// Returns the condition that a column is one of these tenant ids. On PostgreSQL the statement text
/// does not depend on their number, so that prepared statements are reused.
fn is_one_of(column: impl ColumnTrait, backend: DbBackend, tenants: &[TenantId]) -> Expr {
    let ids = tenants.iter().copied().map(TenantUuid::from);
    if backend == DbBackend::Postgres { column.eq_any(ids) } else { column.is_in(ids) }
}

/// Returns the successor in a row of `key_holder`, with its tenant and key; `None` when the row has
/// none.
fn successor(row: &key_holder::Model) -> Result<Option<(TenantId, AssociationKey, Successor)>, StoreError> {
    let tenant = TenantId::from(row.tenant);
    let context = RowContext { table: "key_holder", owner: &tenant, id: tenant.uuid() };
    let columns = (&row.successor_partner, row.successor_claim, row.successor_decision);
    let (Some(partner), Some(claim), Some(decision)) = columns else { return Ok(None) };
    let claim = ClaimName { partner: context.parse_text(partner.as_str())?, claim: claim.into() };
    let successor = Successor { claim, decision_id: decision.into(), review_case: row.successor_case.map(Into::into) };
    Ok(Some((tenant, context.parse_text(&row.key)?, successor)))
}

/// Saves the changed child rows, with one statement for each kind of row that changed.
pub(super) async fn save(tx: &Tx, changes: &[Change<Tenant>]) -> Result<(), StoreError> {
    let (mut subscription_rows, mut workload_rows, mut association_rows) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        let (tenant, before, after) =
            (change.after.state.id, change.before.as_ref().map(|before| &before.state), &change.after.state);
        let previous = before.map(|before| &before.directory.subscriptions);
        let changed = changed_entries(previous, &after.directory.subscriptions);
        subscription_rows.extend(changed.map(|(id, subscription)| subscription_row(tenant, *id, subscription)));
        let previous = before.map(|before| &before.directory.workloads);
        let changed = changed_entries(previous, &after.directory.workloads);
        workload_rows.extend(changed.map(|(product, end_time)| workload_row(tenant, product, *end_time)));
        let previous = before.map(|before| &before.associations);
        let changed = changed_entries(previous, &after.associations);
        association_rows.extend(changed.map(|(id, association)| to_association_row(tenant, *id, association)));
    }
    rows::upsert::<subscription::Entity>(tx, subscription_rows).await?;
    rows::upsert::<workload::Entity>(tx, workload_rows).await?;
    rows::upsert::<association::Entity>(tx, association_rows).await?;
    Ok(())
}

/// Returns the entries of `after` that are new or differ from `before`. Entries are never removed,
/// so no removals are reported.
pub(super) fn changed_entries<'a, K: Ord, V: PartialEq>(
    before: Option<&'a BTreeMap<K, V>>,
    after: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, &'a V)> {
    after.iter().filter(move |(key, value)| before.and_then(|before| before.get(key)) != Some(value))
}

impl TryFrom<subscription::Model> for Subscription {
    type Error = StoreError;

    fn try_from(row: subscription::Model) -> Result<Self, StoreError> {
        let context = RowContext { table: "subscription", owner: &TenantId::from(row.tenant), id: row.id.into() };
        Ok(Self {
            product: context.parse_text(&row.product)?,
            status: row.status.into(),
            channel: row.channel.into(),
            purchase_time: row.purchase_time,
            end_time: row.end_time,
            expire_time: row.expire_time,
        })
    }
}

fn subscription_row(tenant: TenantId, id: SubscriptionId, subscription: &Subscription) -> subscription::ActiveModel {
    subscription::ActiveModel {
        tenant: Set(tenant.into()),
        id: Set(id.into()),
        product: Set(subscription.product.to_string()),
        status: Set(subscription.status.into()),
        channel: Set(subscription.channel.into()),
        purchase_time: Set(subscription.purchase_time),
        end_time: Set(subscription.end_time),
        expire_time: Set(subscription.expire_time),
    }
}

/// A workload that a tenant uses or has used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) product: ProductId,
    /// The end of the use, or `None` when no end is known.
    pub(crate) end_time: Option<Timestamp>,
}

impl TryFrom<workload::Model> for Workload {
    type Error = StoreError;

    fn try_from(row: workload::Model) -> Result<Self, StoreError> {
        let tenant = TenantId::from(row.tenant);
        let context = RowContext { table: "workload", owner: &tenant, id: tenant.uuid() };
        Ok(Self { product: context.parse_text(&row.product)?, end_time: row.end_time })
    }
}

fn workload_row(tenant: TenantId, product: &ProductId, end_time: Option<Timestamp>) -> workload::ActiveModel {
    workload::ActiveModel { tenant: Set(tenant.into()), product: Set(product.to_string()), end_time: Set(end_time) }
}
