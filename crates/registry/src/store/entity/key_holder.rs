//! The table `key_holder`: the company that holds a key, and its successor. Its primary key
//! guarantees that a key has one holder (R36) and at most one successor (R37).
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_holder")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: Uuid,
    /// `workloads/{product}` or `subscriptions/{uuid}`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
    /// The partner that holds the key.
    pub(crate) partner: String,
    /// The partner of the successor's claim. Null when there is no successor, like
    /// `successor_claim`.
    pub(crate) successor_partner: Option<String>,
    pub(crate) successor_claim: Option<Uuid>,
    /// The review case of the successor's claim at the award. Null when the request does not
    /// contain it.
    pub(crate) successor_case: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}
