//! The table `contest_check`: cases whose rivals must be determined again (R37). The two counters
//! only grow, so a request that arrives while an earlier one is being processed is not lost.
use sea_orm::entity::prelude::*;

/// The requests to check the competition of one case. A check is open while `answered` is less than
/// `asked`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contest_check")]
pub struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// The id of the case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The number of checks that were requested so far.
    pub asked: i64,
    /// The value of `asked` when the last completed check was read.
    pub answered: i64,
}

impl ActiveModelBehavior for ActiveModel {}
