//! The table `arbitration`: one row per arbitration of contested keys (R37).
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

/// An arbitration: the decision of a review lead on contested keys.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "arbitration")]
pub struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// The decision id of the arbitration.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The version of the arbitration.
    pub version: i64,
    /// The awards, the comment, the lead and the state, as a JSON document.
    #[sea_orm(column_type = "JsonBinary")]
    pub body: Json,
    /// The time of the lead's decision.
    pub create_time: Micros,
}

impl ActiveModelBehavior for ActiveModel {}
