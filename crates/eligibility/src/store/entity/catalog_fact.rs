//! The table `catalog_fact`: the catalog as the registry last reported it, in one row.

use sea_orm::entity::prelude::*;

use super::bodies::CatalogFactsBody;

/// The only row of the table `catalog_fact`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "catalog_fact")]
pub(crate) struct Model {
    /// Always `products`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The number of the event in its stream.
    pub(crate) sequence: i64,
    /// The products.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) products: CatalogFactsBody,
}

impl ActiveModelBehavior for ActiveModel {}
