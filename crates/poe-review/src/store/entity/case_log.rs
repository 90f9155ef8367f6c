//! The table `case_log`: one row for each change of a review case, in the order of commits (R59).
use cpor_durable::ids::{CaseId, TenantId};
use sea_orm::entity::prelude::*;

/// A change of a review case.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "case_log")]
pub(crate) struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) case_id: CaseId,
    /// The version that the change gave the case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) version: i64,
    /// A random number by which the change differs from one that takes its place after a backup was
    /// restored.
    pub(crate) mark: i64,
    /// The sequence number of the change: from 1, without gaps, in the order of commits.
    pub(crate) sequence: i64,
    /// The case. It is saved before its changes, and never deleted.
    #[sea_orm(belongs_to, from = "(owner, case_id)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) case: BelongsTo<super::review_case::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
