//! One row per arbitration.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

/// An arbitration.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "arbitration")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// The decision.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The aggregate's version.
    pub version: i64,
    /// Awards, comment, author and state.
    #[sea_orm(column_type = "JsonBinary")]
    pub body: Json,
    /// When it was decided.
    pub create_time: Micros,
}

impl ActiveModelBehavior for ActiveModel {}
