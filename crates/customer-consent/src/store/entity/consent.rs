//! The table `consent`: one row for each consent.

use cpor_durable::Micros;
use sea_orm::entity::prelude::*;

/// A row of the table `consent`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub(crate) struct Model {
    /// The id of the claim's tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The version of the consent, which grows by one with every change.
    pub(crate) version: i64,
    /// The name of the state in `body`, for filters.
    pub(crate) state: String,
    /// Whether the last notice bounced and the consent waits for a delivery (R41), for filters.
    pub(crate) waiting: bool,
    /// The consent as JSON.
    pub(crate) body: Json,
    /// The business time at which the claim was first submitted.
    pub(crate) create_time: Micros,
    /// The business time of the last change.
    pub(crate) update_time: Micros,
}

impl ActiveModelBehavior for ActiveModel {}
