//! The table `arbitrated_key`: the keys of pending arbitrations. Its primary key allows only one
//! pending arbitration per key.
use sea_orm::entity::prelude::*;

/// A key that a pending arbitration has reserved.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "arbitrated_key")]
pub struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// The name of the key: `workloads/{product}` or `subscriptions/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The id of the arbitration.
    pub id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
