//! The last answer of one claim for one month.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment_month")]
pub(crate) struct Model {
    /// The tenant's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The claim's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// `YYYY-MM`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) month: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) answer: Json,
}

impl ActiveModelBehavior for ActiveModel {}
