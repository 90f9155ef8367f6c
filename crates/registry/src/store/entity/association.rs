//! The table `association`: pending, official (the partner is on record) and ended associations of
//! partners with workloads or subscriptions of tenants. A *line* is the part of a claim that is
//! about one of these. Rows are never deleted, so that past times can be queried (R49).
use cpor_durable::ids::{AssociationId, CaseId, ClaimId, LineId, PartnerId, TenantUuid};
use sea_orm::FromJsonQueryResult;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::activity::Activity;
use super::end_reason::EndReason;
use crate::domain::association::{HolderContact, HolderErasure};

/// A row of the table `association`.
///
/// The partner is not a foreign key. To check it, a transaction about a tenant would have to wait
/// for transactions that change the partner.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "association")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: TenantUuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: AssociationId,
    pub(crate) partner: PartnerId,
    /// The claim, which another service stores. Null for a legacy association, which was recorded
    /// before claims existed (R58); `line` and `submit_time` are null too.
    pub(crate) claim: Option<ClaimId>,
    pub(crate) line: Option<LineId>,
    /// The review case that approved the claim. Null when the approval did not name it.
    pub(crate) review_case: Option<CaseId>,
    /// The Microsoft Partner Network (MPN) id of the partner's location.
    pub(crate) mpn_id: String,
    pub(crate) product: String,
    /// The workload or subscription: `workloads/{product}` or `subscriptions/{uuid}`.
    pub(crate) key: String,
    pub(crate) activity: Activity,
    /// Whether the association excludes other companies from the key while it is pending or
    /// official.
    pub(crate) exclusive: bool,
    pub(crate) submit_time: Option<DateTimeUtc>,
    /// The contact of the holder of a legacy association (personal data). Null for the association
    /// of a claim, and when the import had no contact.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) holder_contact: Option<HolderContactColumn>,
    /// When, by whom and why the contact was erased. Null if it was not.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub(crate) holder_erasure: Option<HolderErasureColumn>,
    /// The time at which the association was created: at the claim's approval, or at the import of
    /// a legacy association.
    pub(crate) hold_time: DateTimeUtc,
    /// The time at which the association became official. Null while it is pending, and if it ended
    /// without becoming official.
    pub(crate) official_time: Option<DateTimeUtc>,
    /// The time at which the association ended. Null while it is pending or official; `end_reason`
    /// is null too.
    pub(crate) end_time: Option<DateTimeUtc>,
    pub(crate) end_reason: Option<EndReason>,
    /// The tenant, which is saved before its associations and never deleted.
    #[sea_orm(belongs_to, from = "tenant", to = "id", on_delete = "Restrict")]
    pub(crate) parent: BelongsTo<super::tenant::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

/// The JSON column with the contact of a holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub(crate) struct HolderContactColumn(pub(crate) HolderContact);

/// The JSON column about the erasure of a holder's contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub(crate) struct HolderErasureColumn(pub(crate) HolderErasure);
