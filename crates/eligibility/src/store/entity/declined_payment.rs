//! The table `declined_payment`: the claims for which the partner declined payment (R54b). It also
//! contains claims that have no assessment yet.

use cpor_durable::ids::{ClaimId, TenantId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "declined_payment")]
pub(crate) struct Model {
    /// The id of the tenant.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) owner: TenantId,
    /// The id of the claim.
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: ClaimId,
}

impl ActiveModelBehavior for ActiveModel {}
