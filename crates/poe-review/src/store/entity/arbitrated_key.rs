//! The table `arbitrated_key`: the contested keys of pending arbitrations. A contested key is a
//! workload or subscription of a tenant that claims of several companies compete for; an
//! arbitration is a review lead's decision on it. Its primary key allows only one pending
//! arbitration per contested key.
use cpor_durable::ids::{DecisionId, TenantId};
use sea_orm::entity::prelude::*;

/// A contested key that a pending arbitration has reserved.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "arbitrated_key")]
pub(crate) struct Model {
    /// The id of the tenant that owns the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The name of the key: `workloads/{product}` or `subscriptions/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
    /// The id of the arbitration.
    pub(crate) id: DecisionId,
    /// The arbitration. It is saved before its keys, and never deleted.
    #[sea_orm(belongs_to, from = "(owner, id)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) arbitration: BelongsTo<super::arbitration::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
