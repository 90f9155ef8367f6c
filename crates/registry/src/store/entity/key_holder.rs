//! The database's own guard of exclusivity (R36): a key has one row, which names the company.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_holder")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: Uuid,
    /// `workloads/{product}` or `subscriptions/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
    pub(crate) partner: String,
}

impl ActiveModelBehavior for ActiveModel {}
