//! Who is, was or is about to be on record. Rows are never deleted: they answer for any time (R49).
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "association")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) partner: String,
    pub(crate) claim: Uuid,
    pub(crate) line: Uuid,
    pub(crate) mpn_id: String,
    pub(crate) product: String,
    /// `workloads/{product}` or `subscriptions/{uuid}`.
    pub(crate) key: String,
    pub(crate) activity: String,
    pub(crate) submit_time: Micros,
    pub(crate) hold_time: Micros,
    /// Absent while pending, and for one that ended before it was official.
    pub(crate) official_time: Option<Micros>,
    /// With `end_reason`; absent while it lasts.
    pub(crate) end_time: Option<Micros>,
    pub(crate) end_reason: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
