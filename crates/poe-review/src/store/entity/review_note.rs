//! Notes, which only reviewers read (R55).
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

/// One note on one case.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "review_note")]
pub struct Model {
    /// The tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    /// The case.
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: Uuid,
    /// The version of the case that it led to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// The note.
    pub id: Uuid,
    /// The subject of who wrote it.
    pub author: String,
    /// What they wrote.
    pub text: String,
    /// When.
    pub create_time: Micros,
}

impl ActiveModelBehavior for ActiveModel {}
