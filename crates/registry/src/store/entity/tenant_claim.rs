//! The table `tenant_claim`: the permanent record of each claim at a tenant.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant_claim")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) partner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim: Uuid,
    /// The recorded decisions by decision id.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) decisions: Json,
    /// The closed review cases. A null in the list stands for the claim as a whole.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) closed: Json,
}

impl ActiveModelBehavior for ActiveModel {}
