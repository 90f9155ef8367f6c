//! The assessment of one claim.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assessment")]
pub(crate) struct Model {
    /// The tenant's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    /// The claim's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    /// Whose claim it is: partners see their own only.
    pub(crate) partner: String,
    /// To be assessed again; a copy from the state, to find it by.
    pub(crate) stale: bool,
    /// The edition of the guides that it was last assessed by; a copy as well.
    pub(crate) edition: i64,
    /// The whole state.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) state: Json,
}

impl ActiveModelBehavior for ActiveModel {}
