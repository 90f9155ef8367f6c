//! The table `partner`: one row for each partner company.
use cpor_durable::ids::PartnerId;
use sea_orm::entity::prelude::*;

use super::partner_profile::{Enrollments, FormerRegions, Locations};

/// A row of the table `partner`. Partners are never deleted.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "partner")]
pub(crate) struct Model {
    /// The partner's id. It is unique, and the rows of locations refer to it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: PartnerId,
    /// Always the nil UUID, because `owner` identifies the partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The number of changes of the row.
    pub(crate) version: i64,
    pub(crate) display_name: String,
    /// The locations by Microsoft Partner Network (MPN) id. The table `partner_location` ensures
    /// that an MPN id belongs to at most one partner.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) locations: Locations,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) enrollments: Enrollments,
    /// The regions of the locations that the partner had before, by MPN id.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) former_regions: FormerRegions,
    /// The rows which ensure that no other partner has the MPN ids.
    #[sea_orm(has_many)]
    pub(crate) location_rows: HasMany<super::partner_location::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
