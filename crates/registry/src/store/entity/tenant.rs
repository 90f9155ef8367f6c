//! The table `tenant`: one row for each tenant. The lock and the version of that row
//! guard all child rows of the tenant.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant")]
pub(crate) struct Model {
    /// The tenant's id as text.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The number of changes of the tenant.
    pub(crate) version: i64,
    pub(crate) display_name: String,
    pub(crate) region: String,
    /// The id of the calendar that the tenant's deadlines use.
    pub(crate) calendar: String,
    /// The domain names. The table `tenant_domain` ensures that a domain belongs
    /// to at most one tenant.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) domains: Json,
}

impl ActiveModelBehavior for ActiveModel {}
