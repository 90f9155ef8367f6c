//! Which assessments look at the usage of a key, those that have ended too: usage of their months may be imported again.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment_key")]
pub(crate) struct Model {
    /// The tenant's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The claim's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// `workloads/{product}` or `subscriptions/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
}

impl ActiveModelBehavior for ActiveModel {}
