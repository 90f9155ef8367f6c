//! Reading assessments, outside of the writer.
use std::collections::BTreeMap;

use cpor_durable::{Key, StoreError, Versioned, rows};
use cpor_types::{Month, PartnerId, TenantId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, sea_query::Expr,
};

use super::{
    entity::{
        assessment::{Column, Entity},
        assessment_month,
    },
    row,
};
use crate::domain::{Answer, Assessment};

/// The answers of one assessment, by month.
pub(crate) type Answers = BTreeMap<Month, Answer>;

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

/// Assessments that were last made by guides of an earlier edition, at most `limit`; found by index.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn outdated(db: &impl ConnectionTrait, edition: u64, limit: u64) -> Result<Vec<Found>, StoreError> {
    let query = Entity::find().filter(Column::Edition.lt(row::stored(edition)?)).order_by_asc(Column::Edition);
    let query = query.order_by_asc(Column::Owner).order_by_asc(Column::Id).limit(limit);
    query.all(db).await?.into_iter().map(row::assessment).collect()
}

/// How many are stale, or were made by guides of an earlier edition.
///
/// # Errors
/// The database's.
pub(crate) async fn count_due(db: &impl ConnectionTrait, edition: u64) -> Result<u64, StoreError> {
    let due = Expr::col(Column::Stale).or(Column::Edition.lt(row::stored(edition)?));
    Ok(Entity::find().filter(due).count(db).await?)
}

/// The answer for a month, and none where the assessment has none.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn answer(db: &impl ConnectionTrait, key: &Key, month: Month) -> Result<Option<Answer>, StoreError> {
    let of_month = assessment_month::Entity::find_by_id((key.owner.clone(), key.id, month.to_string()));
    Ok(of_month.one(db).await?.map(row::answer).transpose()?.map(|(_, answer)| answer))
}

/// All answers of these assessments, by month.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn answers(db: &impl ConnectionTrait, keys: &[Key]) -> Result<BTreeMap<Key, Answers>, StoreError> {
    use assessment_month::{Column, Entity};
    let mut answers = BTreeMap::<Key, Answers>::new();
    for found in rows::children::<Entity>(db, [Column::Owner, Column::Id], keys).await? {
        let (key, answer) = row::answer(found)?;
        answers.entry(key).or_default().insert(answer.month, answer);
    }
    Ok(answers)
}

/// The assessments of these keys that there are.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn of_keys(db: &impl ConnectionTrait, keys: &[Key]) -> Result<Vec<Found>, StoreError> {
    let found = rows::children::<Entity>(db, [Column::Owner, Column::Id], keys).await?;
    found.into_iter().map(row::assessment).collect()
}
