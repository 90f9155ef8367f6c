//! The table `catalog_record`: the record of the catalog that the service last started with.
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::domain::catalog_record::CatalogRecord;

/// The record as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(crate) struct CatalogBody(pub(crate) CatalogRecord);

/// The only row of the table `catalog_record`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "catalog_record")]
pub(crate) struct Model {
    /// Always `products`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// Always the nil UUID.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The number of changes of the row.
    pub(crate) version: i64,
    /// For each product, whether partners are paid for it.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) products: CatalogBody,
}

impl ActiveModelBehavior for ActiveModel {}
