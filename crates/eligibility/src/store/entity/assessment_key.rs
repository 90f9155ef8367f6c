//! The table `assessment_key`: the keys (workloads and subscriptions) whose usage an assessment
//! depends on. The rows of ended associations are kept, because the usage of their months may be
//! imported again.

use cpor_durable::ids::{ClaimId, TenantId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment_key")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: ClaimId,
    /// The key, as `workloads/{product}` or `subscriptions/{uuid}`. Usage of the key may not have
    /// been imported yet.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
    /// The assessment, which is saved before its keys and never deleted.
    #[sea_orm(belongs_to, from = "(owner, id)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) assessment: BelongsTo<super::assessment::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
