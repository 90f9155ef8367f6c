//! The table `tenant`: one row for each tenant. The lock and the version of that row
//! guard all child rows of the tenant.
use cpor_durable::ids::{TenantId, TenantUuid};
use sea_orm::entity::prelude::*;

use super::domains::{DomainEnds, Domains};

/// A row of the table `tenant`. Tenants are never deleted.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant")]
pub(crate) struct Model {
    /// The id of the tenant as text.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The same id as a UUID. It is unique, and child rows refer to it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TenantUuid,
    /// The number of changes of the tenant.
    pub(crate) version: i64,
    pub(crate) display_name: String,
    pub(crate) region: String,
    /// The id of the calendar that the tenant's deadlines use.
    pub(crate) calendar: String,
    /// The domain names. The table `tenant_domain` ensures that a domain belongs
    /// to at most one tenant.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) domains: Domains,
    /// The ends of those domains whose end is known.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) domain_ends: DomainEnds,
    /// The rows which ensure that no other tenant has the domains.
    #[sea_orm(has_many)]
    pub(crate) domain_rows: HasMany<super::tenant_domain::Entity>,
    #[sea_orm(has_many)]
    pub(crate) subscriptions: HasMany<super::subscription::Entity>,
    /// The workloads that the tenant uses.
    #[sea_orm(has_many)]
    pub(crate) workloads: HasMany<super::workload::Entity>,
    /// The records of the claims about the tenant.
    #[sea_orm(has_many)]
    pub(crate) claims: HasMany<super::tenant_claim::Entity>,
    /// The companies that hold the tenant's keys (workloads and subscriptions).
    #[sea_orm(has_many)]
    pub(crate) key_holders: HasMany<super::key_holder::Entity>,
    #[sea_orm(has_many)]
    pub(crate) associations: HasMany<super::association::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
