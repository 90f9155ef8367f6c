//! The table `catalog_fact`: the versions of the product catalog that the registry has reported.

use sea_orm::entity::prelude::*;

use super::bodies::CatalogFactsBody;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "catalog_fact")]
pub(crate) struct Model {
    /// The number of the event that reported the version, among the events about the catalog.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) sequence: i64,
    /// The time from which the version is in force.
    pub(crate) start_time: DateTimeUtc,
    /// For each product, whether partners are paid for it.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) products: CatalogFactsBody,
}

impl ActiveModelBehavior for ActiveModel {}
