//! The table `evidence`: one row per document, from the start of its upload on.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "evidence")]
pub(crate) struct Model {
    /// The id of the partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// `PENDING`, `STORED` or `REMOVED`. `ABANDONED` or `SWEPT` if the sweeper removes or has
    /// removed the upload.
    pub(crate) state: String,
    /// The start of the upload, in real time, not business time. The sweeper compares it with the
    /// clock.
    pub(crate) start_time: Micros,
    /// The position of the history entry that added the document. `None` until then.
    pub(crate) position: Option<i64>,
    /// The document's data (`Evidence`). `None` until the document is stored.
    pub(crate) document: Option<Json>,
}

impl ActiveModelBehavior for ActiveModel {}
