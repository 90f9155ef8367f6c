//! The table `tenant_domain`: ensures that a domain belongs to at most one tenant, because `domain`
//! is unique.
use cpor_durable::ids::TenantUuid;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant_domain")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: TenantUuid,
    /// The domain name, which no other row has.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) domain: String,
    /// The tenant, which is saved before its domains and never deleted.
    #[sea_orm(belongs_to, from = "tenant", to = "id", on_delete = "Restrict")]
    pub(crate) parent: BelongsTo<super::tenant::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
