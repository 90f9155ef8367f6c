//! The table `claim_line`: the live lines of claims, one row per line and activity. A unique index
//! on it enforces R38: a company may have a key for one activity in only one open or approved
//! claim. A line is live from the submission until the claim is closed, the line is removed or
//! lost, or its association ends.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "claim_line")]
pub(crate) struct Model {
    /// The id of the partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) line_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) activity: String,
    pub(crate) tenant: Uuid,
    /// The key that the line claims: `workloads/{product}` or `subscriptions/{uuid}`.
    pub(crate) key: String,
}

impl ActiveModelBehavior for ActiveModel {}
