//! The table `tenant_claim`: the permanent record of the reviewers' decisions about each claim at a
//! tenant.
use cpor_durable::ids::{ClaimId, PartnerId, TenantUuid};
use sea_orm::entity::prelude::*;

use super::claim_record::{ClosedCases, Decisions};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant_claim")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: TenantUuid,
    /// The partner of the claim. It need not be in the table of partners, so that the refusal of a
    /// claim of an unknown partner can be recorded.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) partner: PartnerId,
    /// The id of the claim, which another service stores.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim: ClaimId,
    /// The recorded decisions by decision id.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) decisions: Decisions,
    /// The closed review cases, for which nothing can be reserved any more. A null in the list
    /// stands for the claim as a whole.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) closed: ClosedCases,
    /// The tenant, which is saved before its claim records and never deleted.
    #[sea_orm(belongs_to, from = "tenant", to = "id", on_delete = "Restrict")]
    pub(crate) parent: BelongsTo<super::tenant::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
