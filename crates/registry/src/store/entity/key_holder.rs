//! The table `key_holder`: the company that holds a key (a workload or subscription of a tenant) or
//! for whose claim the key is reserved, and the key's successor: the claim that was awarded the key
//! and does not hold it alone yet. The primary key guarantees that a key has at most one holder
//! (R36) and at most one successor (R37).
use cpor_durable::ids::{CaseId, ClaimId, DecisionId, PartnerId, TenantUuid};
use sea_orm::entity::prelude::*;

/// A row of the table `key_holder`.
///
/// The partners are not foreign keys. To check them, a transaction about a tenant would have to
/// wait for transactions that change partners.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "key_holder")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: TenantUuid,
    /// The name of the held key: `workloads/{product}` or `subscriptions/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
    /// The partner that holds the key, or that of the successor when nobody holds the key.
    pub(crate) partner: PartnerId,
    /// The partner of the successor's claim. Null when there is no successor; `successor_claim` and
    /// `successor_decision` are null too.
    pub(crate) successor_partner: Option<PartnerId>,
    pub(crate) successor_claim: Option<ClaimId>,
    /// The arbitration that awarded the key to the successor.
    pub(crate) successor_decision: Option<DecisionId>,
    /// The review case of the successor's claim at the award. Null when the award did not name it.
    pub(crate) successor_case: Option<CaseId>,
    /// The tenant, which is saved before the holders of its keys and never deleted.
    #[sea_orm(belongs_to, from = "tenant", to = "id", on_delete = "Restrict")]
    pub(crate) parent: BelongsTo<super::tenant::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
