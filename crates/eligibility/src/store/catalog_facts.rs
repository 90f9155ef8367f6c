//! The table `catalog_fact`: the catalog as the registry last reported it.
//!
//! Events about the catalog and about associations arrive on different streams, in any order. The
//! catalog is stored for associations that become official later.
use cpor_bulk_rows::fetch_one;
use cpor_durable::{StoreError, rows};
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DbErr, EntityTrait, ExprTrait,
    sea_query::{Expr, OnConflict},
};

use super::entity::{
    bodies::CatalogFactsBody,
    catalog_fact::{ActiveModel, Column, Entity},
};
use crate::domain::CatalogFacts;

/// The key of the only row.
const KEY: &str = "products";

/// Stores the catalog from event `sequence` of its stream. A catalog from a later event is not
/// overwritten.
///
/// # Errors
/// Returns an error if the database cannot be reached.
pub(crate) async fn save(db: &impl ConnectionTrait, sequence: u64, facts: &CatalogFacts) -> Result<(), StoreError> {
    let row = ActiveModel {
        owner: Set(KEY.to_owned()),
        sequence: Set(rows::to_bigint(sequence)?),
        products: Set(CatalogFactsBody(facts.clone())),
    };
    // In an upsert, `excluded` is the row that could not be inserted.
    let is_newer = Expr::col((Entity, Column::Sequence)).lt(Expr::col(("excluded", Column::Sequence)));
    let on_conflict = OnConflict::column(Column::Owner)
        .update_columns([Column::Sequence, Column::Products])
        .action_and_where(is_newer)
        .to_owned();
    match Entity::insert(row).on_conflict(on_conflict).exec_without_returning(db).await {
        Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Returns the catalog, or `None` until the registry reports another one than at its first start.
///
/// # Errors
/// Returns an error if the database cannot be reached or the row cannot be decoded.
pub(crate) async fn get(db: &impl ConnectionTrait) -> Result<Option<CatalogFacts>, StoreError> {
    Ok(fetch_one(db, Entity::find_by_id(KEY.to_owned())).await?.map(|row| row.products.0))
}
