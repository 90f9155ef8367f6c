//! The table `case_key`: an index of the keys (workloads and subscriptions of a tenant) that live
//! cases compete for. It is used to find the rivals of a case (R37): the cases of other companies
//! for the same key.
use cpor_durable::ids::{CaseId, TenantId};
use sea_orm::entity::prelude::*;

/// A key that a live case competes for. A case is live while it is open, or while it is approved
/// and the line of the key has not ended.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "case_key")]
pub(crate) struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The name of the key: `workloads/{product}` or `subscriptions/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: CaseId,
    /// The case. It is saved before its keys, and never deleted.
    #[sea_orm(belongs_to, from = "(owner, id)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) case: BelongsTo<super::review_case::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
