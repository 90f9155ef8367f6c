//! The table `partner_record`: the partners as the registry's directory (its data about partners
//! and customers) last reported them.

use cpor_durable::ids::PartnerId;
use sea_orm::entity::prelude::*;

use super::bodies::PartnerRecordBody;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "partner_record")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) partner: PartnerId,
    /// The sequence number of the event that contained the record. An earlier event never replaces
    /// it.
    pub(crate) sequence: i64,
    /// The regions of the partner's locations, and the programs that it is enrolled in.
    #[sea_orm(column_type = "JsonBinary")]
    pub(crate) record: PartnerRecordBody,
}

impl ActiveModelBehavior for ActiveModel {}
