//! What the directory last told of each partner.
//!
//! It comes on another stream than the associations, so either may arrive first. The record is kept for whoever comes
//! later.
use cpor_durable::StoreError;
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

/// Keeps what event `sequence` of the partner's stream tells, unless a later one has told more. One statement.
///
/// # Errors
/// The database's.
pub(crate) async fn keep(
    db: &impl ConnectionTrait,
    partner: &PartnerId,
    sequence: u64,
    record: &PartnerRecord,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        partner: Set(partner.as_str().to_owned()),
        sequence: Set(row::stored(sequence)?),
        record: Set(row::json(record)?),
    };
    let later = Expr::col((Entity, Column::Sequence)).lt(Expr::col(("excluded", Column::Sequence)));
    let on_conflict = OnConflict::column(Column::Partner)
        .update_columns([Column::Sequence, Column::Record])
        .action_and_where(later)
        .to_owned();
    match Entity::insert(row).on_conflict(on_conflict).exec_without_returning(db).await {
        Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What is known of a partner; `None` until the directory tells of a change.
///
/// # Errors
/// The database's; an inconsistent row.
pub(crate) async fn get(db: &impl ConnectionTrait, partner: &PartnerId) -> Result<Option<PartnerRecord>, StoreError> {
    let found = Entity::find_by_id(partner.as_str().to_owned()).one(db).await?;
    found.map(row::partner).transpose()
}
