//! The table `tenant_competition_lock`: one row per tenant, which serves as a lock. The cases of a
//! tenant compete for keys (workloads or subscriptions). A transaction locks the row before it
//! changes the keys of a case. So if two cases are opened at the same time, the second transaction
//! sees the first case.
//!
//! It has no foreign key, because this service stores no tenants.
use cpor_durable::ids::TenantId;
use sea_orm::entity::prelude::*;

/// The lock of one tenant.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant_competition_lock")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
}

impl ActiveModelBehavior for ActiveModel {}
