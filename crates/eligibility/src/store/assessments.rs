//! Queries for assessments and monthly results.
use std::collections::BTreeMap;

use cpor_bulk_rows::{fetch_all, fetch_one};
use cpor_durable::{AggregateKey, StoreError, Versioned, ids, rows};
use cpor_listing::{CLAIM_NAME, Cursor, PARTNER_NAME, Source, TableList, TableQuery, column, field};
use cpor_listing::{
    filter::{FieldType, Format},
    order::Order,
};
use cpor_types::{Month, PartnerId, TenantId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, sea_query::Expr,
};

use super::{
    earnings::MONTH,
    entity::{
        assessment::{Column, Entity},
        assessment_month,
    },
    row,
};
use crate::domain::{Assessment, MonthlyResult};

/// The stored results of one assessment, by month.
pub(crate) type ResultsByMonth = BTreeMap<Month, MonthlyResult>;

/// An assessment with its key and version.
pub(crate) type StoredAssessment = (AggregateKey, Versioned<Assessment>);

/// The partners whose rows a query may return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Rows of one partner.
    Partner(PartnerId),
    /// Rows of all partners: for the vendor's staff and for internal use.
    All,
}

/// The fields by which lists of assessments can be filtered and sorted. The default is the order of
/// their names.
pub(crate) static ASSESSMENTS: TableList<Entity> = TableList {
    fields: &[
        field("claim", FieldType::Id(CLAIM_NAME), Source::ClaimName(Column::Partner, Column::Id)),
        field("partner", FieldType::Id(PARTNER_NAME), Source::PartnerName(Column::Partner)),
        column("month", FieldType::Ordered(MONTH), Column::Month),
        column("guide", FieldType::Id(Format::ANY), Column::Guide),
        field("verdicts", FieldType::EnumList("VERDICT_", VERDICTS), Source::LowercaseEnum(Column::Verdicts)),
        column("official_time", FieldType::Time, Column::OfficialTime),
        column("end_time", FieldType::Time, Column::EndTime),
    ],
    sort_keys: &[("name", Column::Owner), ("official_time", Column::OfficialTime)],
    default_order: Order { key: Column::Owner, descending: false },
    tie_break: &[Column::Owner, Column::Id],
    default_filter: None,
};

/// The accepted values of `verdicts`.
const VERDICTS: &[&str] = &["ELIGIBLE", "NOT_ELIGIBLE", "RECOGNITION_ONLY"];

/// Selects the assessments in a scope. Every query on behalf of a caller starts here: the name of
/// an assessment contains the tenant but not the partner, so the name alone does not limit access.
fn select_in_scope(scope: &Scope) -> Select<Entity> {
    match scope {
        Scope::Partner(partner) => Entity::find().filter(Column::Partner.eq(ids::PartnerId::from(partner))),
        Scope::All => Entity::find(),
    }
}

/// Returns the values of the columns `owner` and `id`.
fn key_columns(key: &AggregateKey) -> (ids::TenantId, ids::ClaimId) {
    (key.owner.as_str().into(), key.id.into())
}

/// Returns the assessment with this key, if it is in the scope.
///
/// # Errors
/// Returns an error if the database cannot be reached or the row cannot be decoded.
pub(crate) async fn get(
    db: &impl ConnectionTrait,
    scope: &Scope,
    key: &AggregateKey,
) -> Result<Option<Versioned<Assessment>>, StoreError> {
    let (owner, id) = key_columns(key);
    let has_key = Column::Owner.eq(owner).and(Column::Id.eq(id));
    let found = fetch_one(db, select_in_scope(scope).filter(has_key)).await?;
    Ok(found.map(row::to_assessment).transpose()?.map(|(_, assessment)| assessment))
}

/// Lists at most `limit` assessments of one tenant, or of all tenants, ordered by tenant and claim.
/// The list begins after the key `after`.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list_in_key_order(
    db: &impl ConnectionTrait,
    scope: &Scope,
    tenant: Option<TenantId>,
    after: Option<&AggregateKey>,
    limit: u64,
) -> Result<Vec<StoredAssessment>, StoreError> {
    let mut condition = Condition::all();
    if let Some(tenant) = tenant {
        condition = condition.add(Column::Owner.eq(ids::TenantId::from(tenant)));
    }
    if let Some(after) = after {
        let (owner, id) = key_columns(after);
        let columns = Expr::tuple([Expr::col(Column::Owner), Expr::col(Column::Id)]);
        condition = condition.add(columns.gt(Expr::tuple([Expr::val(owner), Expr::val(id)])));
    }
    let query =
        select_in_scope(scope).filter(condition).order_by_asc(Column::Owner).order_by_asc(Column::Id).limit(limit);
    fetch_all(db, query).await?.into_iter().map(row::to_assessment).collect()
}

/// Lists at most `limit` assessments of one tenant, or of all tenants, that match a query, in its
/// order. The list begins after the cursor `after`. Each assessment comes with its own cursor.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list_matching(
    db: &impl ConnectionTrait,
    scope: &Scope,
    tenant: Option<TenantId>,
    query: &TableQuery<Entity>,
    after: Option<&Cursor>,
    limit: u64,
) -> Result<Vec<(Cursor, Versioned<Assessment>)>, StoreError> {
    let tenant = tenant.map(|tenant| Column::Owner.eq(ids::TenantId::from(tenant)));
    let scope = select_in_scope(scope).filter(Condition::all().add_option(tenant));
    let rows = query.fetch(db, scope, after, limit).await?;
    rows.into_iter().map(|(cursor, row)| Ok((cursor, row::to_assessment(row)?.1))).collect()
}

/// Lists at most `limit` stale assessments (a fact has changed since they were made, or a month has
/// begun), using the partial index `assessment_stale`.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list_stale(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<StoredAssessment>, StoreError> {
    let query = Entity::find().filter(Expr::col(Column::Stale));
    let query = query.order_by_asc(Column::Owner).order_by_asc(Column::Id).limit(limit);
    fetch_all(db, query).await?.into_iter().map(row::to_assessment).collect()
}

/// Lists at most `limit` assessments that were last made with an edition of the guide catalog
/// before `edition`, using the index `assessment_edition`. An edition is the number of activations
/// of program guides so far.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list_outdated(
    db: &impl ConnectionTrait,
    edition: u64,
    limit: u64,
) -> Result<Vec<StoredAssessment>, StoreError> {
    let query = Entity::find().filter(Column::Edition.lt(rows::to_bigint(edition)?)).order_by_asc(Column::Edition);
    let query = query.order_by_asc(Column::Owner).order_by_asc(Column::Id).limit(limit);
    fetch_all(db, query).await?.into_iter().map(row::to_assessment).collect()
}

/// Counts the assessments that are stale or were last made with an edition of the guide catalog
/// before `edition`.
///
/// # Errors
/// Returns an error if the database cannot be reached.
pub(crate) async fn count_due(db: &impl ConnectionTrait, edition: u64) -> Result<u64, StoreError> {
    let is_due = Expr::col(Column::Stale).or(Column::Edition.lt(rows::to_bigint(edition)?));
    Ok(Entity::find().filter(is_due).count(db).await?)
}

/// Returns the result of an assessment for one month, if there is one.
///
/// # Errors
/// Returns an error if the database cannot be reached or the row cannot be decoded.
pub(crate) async fn get_monthly_result(
    db: &impl ConnectionTrait,
    key: &AggregateKey,
    month: Month,
) -> Result<Option<MonthlyResult>, StoreError> {
    let (owner, id) = key_columns(key);
    let query = assessment_month::Entity::find_by_id((owner, id, month.to_string()));
    Ok(fetch_one(db, query).await?.map(|row| row::to_monthly_result(row).1))
}

/// Returns all monthly results of these assessments.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list_monthly_results(
    db: &impl ConnectionTrait,
    keys: &[AggregateKey],
) -> Result<BTreeMap<AggregateKey, ResultsByMonth>, StoreError> {
    use assessment_month::{Column, Entity};
    let mut results = BTreeMap::<AggregateKey, ResultsByMonth>::new();
    for found in rows::load_by_keys::<Entity>(db, [Column::Owner, Column::Id], keys).await? {
        let (key, result) = row::to_monthly_result(found);
        results.entry(key).or_default().insert(result.month, result);
    }
    Ok(results)
}

/// Returns the assessments with these storage keys. A key without an assessment is skipped.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn get_many(
    db: &impl ConnectionTrait,
    keys: &[AggregateKey],
) -> Result<Vec<StoredAssessment>, StoreError> {
    let found = rows::load_by_keys::<Entity>(db, [Column::Owner, Column::Id], keys).await?;
    found.into_iter().map(row::to_assessment).collect()
}
