//! The table `claim_line`: the live lines of claims, one row for each line and activity. A *line*
//! is the part of a claim that is about one *key*: one workload or subscription of a tenant. A line
//! is *live* from the submission until the claim is closed, the line is removed or awarded to
//! another company, or its association ends. A unique index on the table enforces R38: a company
//! may have a key for one activity in only one open or approved claim. An *association* puts the
//! partner on record for the workload or subscription of a line.

use cpor_durable::ids::{ClaimId, LineId, PartnerId, TenantId};
use sea_orm::entity::prelude::*;

use super::line_activity::LineActivity;

/// A row of the table `claim_line`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "claim_line")]
pub(crate) struct Model {
    /// The id of the partner that owns the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: PartnerId,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: ClaimId,
    /// The id of the line in the content of the claim. There is no table of all lines.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) line_id: LineId,
    /// The activity for which the line claims the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) activity: LineActivity,
    /// The tenant that the key belongs to.
    pub(crate) tenant: TenantId,
    /// The key that the line claims: `workloads/{product}` or `subscriptions/{uuid}`.
    pub(crate) key: String,
    /// True if the line counts for the unique index. NULL if it has yielded to another line of the
    /// company with the same key and activity, whose association was reported as ended and turned
    /// out to be on record (R47). It becomes true again when that line ends.
    pub(crate) current: Option<bool>,
    /// The claim of the line. It is saved before its lines, and never deleted.
    #[sea_orm(belongs_to, from = "(owner, claim_id)", to = "(owner, id)", on_delete = "Restrict")]
    pub(crate) claim: BelongsTo<super::claim::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
