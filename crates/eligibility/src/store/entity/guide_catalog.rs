//! The table `guide_catalog`: the catalog of all program guides (the conditions and rates of
//! payment), in one row.

use sea_orm::entity::prelude::*;

use super::bodies::GuideCatalogBody;

/// The row of the table `guide_catalog`. Its primary key is constant.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "guide_catalog")]
pub(crate) struct Model {
    /// The constant `programGuides`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The nil UUID, because the table has one row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The number of changes of the catalog so far. A change is saved only if it is still the
    /// number that was loaded.
    pub(crate) version: i64,
    /// The complete catalog.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) state: GuideCatalogBody,
}

impl ActiveModelBehavior for ActiveModel {}
