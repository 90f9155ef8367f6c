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
    /// With `line` and `submit_time`; absent where no claim stands behind it (R58).
    pub(crate) claim: Option<Uuid>,
    pub(crate) line: Option<Uuid>,
    /// The case that decided to hold it, where it said so.
    pub(crate) review_case: Option<Uuid>,
    pub(crate) mpn_id: String,
    pub(crate) product: String,
    /// `workloads/{product}` or `subscriptions/{uuid}`.
    pub(crate) key: String,
    pub(crate) activity: String,
    pub(crate) submit_time: Option<Micros>,
    pub(crate) hold_time: Micros,
    /// Absent while pending, and for one that ended before it was official.
    pub(crate) official_time: Option<Micros>,
    /// With `end_reason`; absent while it lasts.
    pub(crate) end_time: Option<Micros>,
    pub(crate) end_reason: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
