//! The table `key_holder`: the company that holds a key, and its successor. Its primary key
//! guarantees that a key has one holder (R36) and at most one successor (R37).
use cpor_durable::ids::{CaseId, ClaimId, PartnerId, TenantUuid};
use sea_orm::entity::prelude::*;

/// A row of the table `key_holder`.
///
/// Its partners are no foreign keys. A transaction about a tenant has no lock on them, and checking
/// them would make it wait for transactions that change partners.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "key_holder")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: TenantUuid,
    /// `workloads/{product}` or `subscriptions/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
    /// The partner that holds the key.
    pub(crate) partner: PartnerId,
    /// The partner of the successor's claim. Null when there is no successor, like
    /// `successor_claim`.
    pub(crate) successor_partner: Option<PartnerId>,
    pub(crate) successor_claim: Option<ClaimId>,
    /// The review case of the successor's claim at the award. Null when the request does not
    /// contain it.
    pub(crate) successor_case: Option<CaseId>,
    /// The tenant, which is saved before the holders of its keys and never deleted.
    #[sea_orm(belongs_to, from = "tenant", to = "id", on_delete = "Restrict")]
    pub(crate) parent: BelongsTo<super::tenant::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
