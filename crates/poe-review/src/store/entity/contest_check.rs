//! Cases whose rivals may have changed (R37). Both counts only grow, so that a question that comes while the one before is
//! being answered is not lost.
use sea_orm::entity::prelude::*;

/// One case.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contest_check")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// The case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// How often it was asked for.
    pub asked: i64,
    /// Up to which of these it was answered.
    pub answered: i64,
}

impl ActiveModelBehavior for ActiveModel {}
