//! The table `consent`: one row for each consent.

use cpor_durable::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consent")]
pub(crate) struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    /// The state by name, for filters; what counts is in `body`.
    pub(crate) state: String,
    /// Whether its customer has not been reached, for filters too.
    pub(crate) waiting: bool,
    /// The whole consent.
    pub(crate) body: Json,
    pub(crate) create_time: Micros,
    pub(crate) update_time: Micros,
}

impl ActiveModelBehavior for ActiveModel {}
