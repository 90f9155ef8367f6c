//! The table `association`: pending, official and ended associations. Rows are never deleted, so
//! that past times can be queried (R49).
use cpor_durable::ids::{AssociationId, CaseId, ClaimId, LineId, PartnerId, TenantUuid};
use sea_orm::entity::prelude::*;

use super::activity::Activity;
use super::end_reason::EndReason;

/// A row of the table `association`.
///
/// Its partner is no foreign key. A transaction about a tenant has no lock on it, and checking it
/// would make the transaction wait for those that change the partner.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "association")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: TenantUuid,
    /// The id of the association.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: AssociationId,
    pub(crate) partner: PartnerId,
    /// The claim, which is a row of another service. Null for a legacy association (R58), like
    /// `line` and `submit_time`.
    pub(crate) claim: Option<ClaimId>,
    pub(crate) line: Option<LineId>,
    /// The review case that approved the claim. Null when the request does not contain it.
    pub(crate) review_case: Option<CaseId>,
    /// The MPN id of the partner's location.
    pub(crate) mpn_id: String,
    pub(crate) product: String,
    /// `workloads/{product}` or `subscriptions/{uuid}`.
    pub(crate) key: String,
    pub(crate) activity: Activity,
    pub(crate) submit_time: Option<DateTimeUtc>,
    /// When the pending hold began, or when a legacy association was imported.
    pub(crate) hold_time: DateTimeUtc,
    /// When the association became official. Null while it is pending, and if it ended without
    /// becoming official.
    pub(crate) official_time: Option<DateTimeUtc>,
    /// When the association ended. Null while it is live, like `end_reason`.
    pub(crate) end_time: Option<DateTimeUtc>,
    pub(crate) end_reason: Option<EndReason>,
    /// The tenant, which is saved before its associations and never deleted.
    #[sea_orm(belongs_to, from = "tenant", to = "id", on_delete = "Restrict")]
    pub(crate) parent: BelongsTo<super::tenant::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
