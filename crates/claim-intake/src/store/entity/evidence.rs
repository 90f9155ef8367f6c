//! The ledger of documents: each from the moment that its upload began.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "evidence")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// `PENDING`, `STORED`, `REMOVED`; `ABANDONED` and `SWEPT` when the sweeper took it.
    pub(crate) state: String,
    /// Real time, not business time: the sweeper goes by it.
    pub(crate) start_time: Micros,
    /// Position of the history entry that added it.
    pub(crate) position: Option<i64>,
    pub(crate) document: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}
