//! The table `competition_check`: cases whose rivals (competing cases of other companies) must be
//! determined again (R37). The two counters only grow, so a request that arrives while an earlier
//! one is being processed is not lost.
use cpor_durable::ids::{CaseId, TenantId};
use sea_orm::entity::prelude::*;

/// The requests to determine the rivals of one case. A check still has to run while
/// `completed_count` is less than `requested_count`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "competition_check")]
pub(crate) struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: CaseId,
    /// The number of checks that were requested so far.
    pub(crate) requested_count: i64,
    /// The value that `requested_count` had when the last completed check began.
    pub(crate) completed_count: i64,
    /// The case. It is saved before a check is requested, and never deleted.
    #[sea_orm(belongs_to, from = "(owner, id)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) case: BelongsTo<super::review_case::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
