//! A claim: one row, with its value objects as JSON.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "claim")]
pub(crate) struct Model {
    /// The partner's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    /// `StateKind`, for lists; `status` has it with its data.
    pub(crate) state: String,
    pub(crate) create_time: Micros,
    pub(crate) update_time: Micros,
    /// Position of the last entry in the history.
    pub(crate) history: i64,
    /// The link of that entry (R56).
    pub(crate) head: Vec<u8>,
    /// Kinds of personal data of which nothing is left (R56).
    pub(crate) erased: Json,
    pub(crate) content: Json,
    pub(crate) directory: Json,
    pub(crate) evidence: Json,
    pub(crate) lost_lines: Json,
    pub(crate) status: Json,
    /// `Wait`, for lists; it follows from the rest.
    pub(crate) waits_for: String,
    /// Since when it waits so.
    pub(crate) wait_time: Micros,
    /// The same as the customer may know it.
    pub(crate) customer_wait_time: Micros,
    // What lists filter and sort by beside the above, as `store/listing.rs` says.
    pub(crate) association_state: String,
    pub(crate) solution_area: String,
    pub(crate) activities: String,
    pub(crate) products: String,
    pub(crate) display_name: String,
    pub(crate) mpn_id: String,
    pub(crate) tenant_id: String,
    pub(crate) policy: String,
    pub(crate) submit_time: Micros,
}

impl ActiveModelBehavior for ActiveModel {}
