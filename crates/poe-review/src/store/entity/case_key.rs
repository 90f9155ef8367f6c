//! What live cases compete for: whoever looks for rivals over a key of a tenant (R37) finds their cases here.
use sea_orm::entity::prelude::*;

/// One key of one live case: an open one, or an approved one whose line is not over.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "case_key")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// `workloads/{product}` or `subscriptions/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
