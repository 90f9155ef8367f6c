//! The database's own guard of exclusivity (R36): a key has one row, which names the company and at most one successor (R37).
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
    pub(crate) partner: String,
    /// The company of the successor's claim; with `successor_claim`.
    pub(crate) successor_partner: Option<String>,
    pub(crate) successor_claim: Option<Uuid>,
    /// The claim's case at the award, where it was said.
    pub(crate) successor_case: Option<Uuid>,
}

impl ActiveModelBehavior for ActiveModel {}
