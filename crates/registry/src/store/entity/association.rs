//! The table `association`: pending, official and ended associations. Rows are never deleted, so
//! that past times can be queried (R49).
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
    /// The claim. Null for a legacy association (R58), like `line` and `submit_time`.
    pub(crate) claim: Option<Uuid>,
    pub(crate) line: Option<Uuid>,
    /// The review case that approved the claim. Null when the request does not contain it.
    pub(crate) review_case: Option<Uuid>,
    /// The MPN id of the partner's location.
    pub(crate) mpn_id: String,
    pub(crate) product: String,
    /// `workloads/{product}` or `subscriptions/{uuid}`.
    pub(crate) key: String,
    pub(crate) activity: String,
    pub(crate) submit_time: Option<Micros>,
    /// When the pending hold began, or when a legacy association was imported.
    pub(crate) hold_time: Micros,
    /// When the association became official. Null while it is pending, and if it ended without
    /// becoming official.
    pub(crate) official_time: Option<Micros>,
    /// When the association ended. Null while it is live, like `end_reason`.
    pub(crate) end_time: Option<Micros>,
    pub(crate) end_reason: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
