//! The table `claim`: one row for each claim. The parts of a claim are JSON columns. Rows are never
//! deleted. A *line* is the part of a claim that is about one workload or subscription. Business
//! time is the time of the business clock, which deadlines and histories use and which can be
//! virtual.

use cpor_durable::ids::{ClaimId, PartnerId};
use sea_orm::entity::prelude::*;

use super::{
    association_state::AssociationState,
    claim_state::ClaimState,
    claimed_area::ClaimedArea,
    json::{ContentBody, Documents, Erasures, LostLines, RegistryDataBody, Status},
    waits_for::WaitsFor,
};

/// A row of the table `claim`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "claim")]
pub(crate) struct Model {
    /// The id of the partner that owns the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: PartnerId,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: ClaimId,
    /// The number of changes of the claim. It is the source of the etag.
    pub(crate) version: i64,
    /// The kind of the state in `status`, for lists.
    pub(crate) state: ClaimState,
    /// The business time at which the claim was created.
    pub(crate) create_time: DateTimeUtc,
    /// The business time of the last change.
    pub(crate) update_time: DateTimeUtc,
    /// The position of the last history entry.
    pub(crate) history: i64,
    /// The link of the last history entry, which is the hash of the whole history (R56): 32 bytes.
    pub(crate) head: Vec<u8>,
    /// The last erasure of each kind of personal data (R56).
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) erased: Erasures,
    /// The content that the partner entered.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) content: ContentBody,
    /// What the registry service has found out about the content when it last checked it.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) registry_data: RegistryDataBody,
    /// The documents that are on the claim.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) evidence: Documents,
    /// The lines that a review lead awarded to other claims (R37).
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) lost_lines: LostLines,
    /// The state with its data.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) status: Status,
    /// What the claim waits for, for lists. It is computed from the other columns.
    pub(crate) waits_for: WaitsFor,
    /// The time since which the claim waits for what `waits_for` says.
    pub(crate) wait_start_time: DateTimeUtc,
    /// The start of the wait as the customer sees it. The customer does not see a wait that would
    /// reveal a competing claim, but what the claim would wait for without it.
    pub(crate) customer_wait_start_time: DateTimeUtc,
    // The following columns exist for filters and orders of lists. `store/listing.rs` describes
    // their values.
    /// The state of the association.
    pub(crate) association_state: AssociationState,
    /// The solution area.
    pub(crate) solution_area: ClaimedArea,
    /// The activities, with a comma before and after each.
    pub(crate) activities: String,
    /// The ids of the claimed products, with a comma before and after each.
    pub(crate) products: String,
    /// The display name in lower case.
    pub(crate) display_name: String,
    /// The MPN (Microsoft Partner Network) id of the partner's location, or empty.
    pub(crate) mpn_id: String,
    /// The tenant id as the partner entered it, in lower case, or empty.
    pub(crate) tenant_id: String,
    /// The id of the policy profile of the submission in lower case, or empty for a draft. A policy
    /// profile is a versioned set of values that the business rules leave open (R61).
    pub(crate) policy: String,
    /// The time of the submission, or 1970 for a draft.
    pub(crate) submit_time: DateTimeUtc,
    /// The domain of the customer in lower case, or empty.
    pub(crate) customer_domain: String,
    /// Whether another company claims or holds the workload or subscription of a line (R37).
    pub(crate) contested: bool,
    /// The next deadline of the claim (R60), or the latest possible time if there is none.
    pub(crate) due_time: DateTimeUtc,
    /// The party that has to act (R60).
    pub(crate) acting_party: String,
    /// The lines of the claim from its submission on, until the claim or their association ends.
    #[sea_orm(has_many)]
    pub(crate) lines: HasMany<super::claim_line::Entity>,
    /// The documents whose upload to the claim was begun.
    #[sea_orm(has_many)]
    pub(crate) documents: HasMany<super::evidence::Entity>,
    /// The comments on the claim.
    #[sea_orm(has_many)]
    pub(crate) comments: HasMany<super::comment::Entity>,
    /// The entries of the claim's history.
    #[sea_orm(has_many)]
    pub(crate) entries: HasMany<super::history::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
