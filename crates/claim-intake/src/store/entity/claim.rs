//! The table `claim`: one row per claim. The parts of a claim are JSON columns.
use cpor_durable::rows::Micros;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "claim")]
pub(crate) struct Model {
    /// The id of the partner.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    /// The number of changes of the claim. It is the source of the etag.
    pub(crate) version: i64,
    /// The `StateKind` of the claim, for lists. `status` contains the state with its data.
    pub(crate) state: String,
    pub(crate) create_time: Micros,
    pub(crate) update_time: Micros,
    /// The position of the last history entry.
    pub(crate) history: i64,
    /// The chain link of that entry (R56): 32 bytes.
    pub(crate) head: Vec<u8>,
    /// The last erasure of each kind of personal data (R56).
    pub(crate) erased: Json,
    /// The content that the partner entered.
    pub(crate) content: Json,
    /// The facts that the registry returned for the content.
    pub(crate) directory: Json,
    /// The documents that are on the claim.
    pub(crate) evidence: Json,
    /// The lines that were awarded to other claims (R37).
    pub(crate) lost_lines: Json,
    /// The state with its data.
    pub(crate) status: Json,
    /// What the claim waits for (`Wait`), for lists. It is computed from the other columns.
    pub(crate) waits_for: String,
    /// The time since which the claim has waited for that.
    pub(crate) wait_time: Micros,
    /// The same time as shown to the customer, who does not see waits that reveal a rival.
    pub(crate) customer_wait_time: Micros,
    // The following columns exist for filters and orders of lists. `store/listing.rs` computes
    // them.
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
