//! One row per tenant: whoever changes what its cases compete for holds it, so that of two cases that come at the same
//! time the second one sees the first.
use sea_orm::entity::prelude::*;

/// A tenant.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant_contest")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
}

impl ActiveModelBehavior for ActiveModel {}
