//! The table `catalog_fact`: the versions of the product catalog that the registry has reported.
//!
//! Events about the catalog and events about associations (of partners with workloads or
//! subscriptions) are not ordered among each other. The versions are stored for associations that
//! are reported later.
use cpor_bulk_rows::fetch_all;
use cpor_durable::{StoreError, rows};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, QueryOrder, sea_query::OnConflict};

use super::entity::{
    bodies::CatalogFactsBody,
    catalog_fact::{ActiveModel, Column, Entity},
};
use crate::domain::CatalogVersion;

/// Stores the version from the event with the number `sequence` among the events about the catalog,
/// unless it is stored.
///
/// # Errors
/// Returns an error if the database cannot be reached.
pub(crate) async fn save(db: &impl ConnectionTrait, sequence: u64, version: &CatalogVersion) -> Result<(), StoreError> {
    let row = ActiveModel {
        sequence: Set(rows::to_bigint(sequence)?),
        start_time: Set(version.start_time),
        products: Set(CatalogFactsBody(version.facts.clone())),
    };
    let on_conflict = OnConflict::column(Column::Sequence).do_nothing().to_owned();
    match Entity::insert(row).on_conflict(on_conflict).exec_without_returning(db).await {
        Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Returns all versions, the oldest first.
///
/// # Errors
/// Returns an error if the database cannot be reached or a row cannot be decoded.
pub(crate) async fn list(db: &impl ConnectionTrait) -> Result<Vec<CatalogVersion>, StoreError> {
    let rows = fetch_all(db, Entity::find().order_by_asc(Column::Sequence)).await?;
    let version =
        |row: super::entity::catalog_fact::Model| CatalogVersion { start_time: row.start_time, facts: row.products.0 };
    Ok(rows.into_iter().map(version).collect())
}
