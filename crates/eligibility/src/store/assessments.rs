//! Reading assessments, outside of the writer.
use cpor_durable::{Key, StoreError, Versioned, rows};
use cpor_types::{PartnerId, TenantId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, sea_query::Expr,
};

use super::{
    entity::assessment::{Column, Entity},
    row,
};
use crate::domain::Assessment;

/// An assessment as it is stored.
pub(crate) type Found = (Key, Versioned<Assessment>);

/// Whose assessments a query may find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One company's.
    Partner(PartnerId),
    /// Every company's: for the vendor's staff, and for events.
    All,
}

/// What of a scope there is. The name of an assessment says whose tenant it is about and not whose claim, so that
/// every query for a caller begins here.
fn within(scope: &Scope) -> Select<Entity> {
    match scope {
        Scope::Partner(partner) => Entity::find().filter(Column::Partner.eq(partner.as_str())),
        Scope::All => Entity::find(),
    }
}

/// The assessment of this key; one indexed read.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn get(
    db: &impl ConnectionTrait,
    scope: &Scope,
    key: &Key,
) -> Result<Option<Versioned<Assessment>>, StoreError> {
    let wanted = Column::Owner.eq(&key.owner).and(Column::Id.eq(key.id));
    let found = within(scope).filter(wanted).one(db).await?;
    Ok(found.map(row::assessment).transpose()?.map(|(_, assessment)| assessment))
}

/// The assessments of one tenant's claims, or of all, by tenant and claim, beginning after `after`; at most `limit`.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    tenant: Option<TenantId>,
    after: Option<&Key>,
    limit: u64,
) -> Result<Vec<Found>, StoreError> {
    let mut wanted = Condition::all();
    if let Some(tenant) = tenant {
        wanted = wanted.add(Column::Owner.eq(tenant.to_string()));
    }
    if let Some(Key { owner, id }) = after {
        let columns = Expr::tuple([Expr::col(Column::Owner), Expr::col(Column::Id)]);
        wanted = wanted.add(columns.gt(Expr::tuple([Expr::val(owner.as_str()), Expr::val(*id)])));
    }
    let query = within(scope).filter(wanted).order_by_asc(Column::Owner).order_by_asc(Column::Id).limit(limit);
    query.all(db).await?.into_iter().map(row::assessment).collect()
}

/// Assessments that are stale, at most `limit`; found by the partial index.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn stale(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<Found>, StoreError> {
    let query = Entity::find().filter(Expr::col(Column::Stale));
    let query = query.order_by_asc(Column::Owner).order_by_asc(Column::Id).limit(limit);
    query.all(db).await?.into_iter().map(row::assessment).collect()
}

/// How many are stale.
///
/// # Errors
/// The database's.
pub(crate) async fn count_stale(db: &impl ConnectionTrait) -> Result<u64, StoreError> {
    Ok(Entity::find().filter(Expr::col(Column::Stale)).count(db).await?)
}

/// The assessments of these keys that there are.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn of_keys(db: &impl ConnectionTrait, keys: &[Key]) -> Result<Vec<Found>, StoreError> {
    let found = rows::children::<Entity>(db, [Column::Owner, Column::Id], keys).await?;
    found.into_iter().map(row::assessment).collect()
}
