//! The table `partner_record`: each partner as the directory last reported it.
//!
//! Partners and associations arrive on different event streams, in any order. The record is stored
//! so that an association which becomes official later can use it.
use cpor_durable::{StoreError, rows};
use cpor_types::PartnerId;
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DbErr, EntityTrait, ExprTrait,
    sea_query::{Expr, OnConflict},
};

use super::{
    entity::partner_record::{ActiveModel, Column, Entity},
    row,
};
use crate::domain::PartnerRecord;

/// Stores the record from event `sequence` of the partner's stream. A record from a later event is
/// not overwritten.
///
/// # Errors
/// The database failed.
pub(crate) async fn save(
    db: &impl ConnectionTrait,
    partner: &PartnerId,
    sequence: u64,
    record: &PartnerRecord,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        partner: Set(partner.as_str().to_owned()),
        sequence: Set(rows::to_bigint(sequence)?),
        record: Set(rows::to_json(record)?),
    };
    // In an upsert, `excluded` is the row that could not be inserted.
    let is_newer = Expr::col((Entity, Column::Sequence)).lt(Expr::col(("excluded", Column::Sequence)));
    let on_conflict = OnConflict::column(Column::Partner)
        .update_columns([Column::Sequence, Column::Record])
        .action_and_where(is_newer)
        .to_owned();
    match Entity::insert(row).on_conflict(on_conflict).exec_without_returning(db).await {
        Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Returns the stored record of a partner; `None` until the directory reports a change of the
/// partner.
///
/// # Errors
/// The database failed, or the row is inconsistent.
pub(crate) async fn get(db: &impl ConnectionTrait, partner: &PartnerId) -> Result<Option<PartnerRecord>, StoreError> {
    let found = Entity::find_by_id(partner.as_str().to_owned()).one(db).await?;
    found.map(row::to_partner_record).transpose()
}
