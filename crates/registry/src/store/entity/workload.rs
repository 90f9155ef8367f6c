//! The table `workload`: the workloads that tenants use.
use cpor_durable::ids::TenantUuid;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "workload")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: TenantUuid,
    /// The product id of the workload. The catalog is configuration, not a table.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) product: String,
    /// The end of the use, or null when no end is known.
    pub(crate) end_time: Option<DateTimeUtc>,
    /// The tenant, which is saved before its workloads and never deleted.
    #[sea_orm(belongs_to, from = "tenant", to = "id", on_delete = "Restrict")]
    pub(crate) parent: BelongsTo<super::tenant::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
