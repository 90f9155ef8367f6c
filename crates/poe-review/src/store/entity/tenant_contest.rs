//! The table `tenant_contest`: one row per tenant, which serves as a lock. A transaction that
//! changes the competing keys of a tenant's cases locks the row. So of two cases that are opened at
//! the same time, the second one sees the first.
//!
//! It has no foreign key, because this service stores no tenants.
use cpor_durable::ids::TenantId;
use sea_orm::entity::prelude::*;

/// The lock of one tenant.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant_contest")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
}

impl ActiveModelBehavior for ActiveModel {}
