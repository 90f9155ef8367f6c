//! What is remembered of a claim, for ever: decisions to hold, and that it is over.
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
    /// First answers, by decision id.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) decisions: Json,
    /// Tombstones: a list of cases, null for the claim as a whole.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) closed: Json,
}

impl ActiveModelBehavior for ActiveModel {}
