//! The database's own guard of R38: the live lines, each unique within its company. From submission until the claim is closed, the line
//! leaves it or its association ends.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "claim_line")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) line_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) activity: String,
    pub(crate) tenant: Uuid,
    /// `workloads/{product}` or `subscriptions/{uuid}`.
    pub(crate) key: String,
}

impl ActiveModelBehavior for ActiveModel {}
