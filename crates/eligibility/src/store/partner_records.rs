//! The table `partner_record`: each partner as the registry's directory (its data about partners
//! and customers) last reported it.
//!
//! Events about partners and events about associations are not ordered among each other. The record
//! is stored for partners that are put on record for a workload or subscription later.
use cpor_bulk_rows::{LoadError, fetch_one};
use cpor_durable::{AggregateKey, StoreError, ids, rows};
use cpor_types::PartnerId;
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DbErr, EntityTrait, ExprTrait,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::entity::{
    bodies::PartnerRecordBody,
    partner_record::{ActiveModel, Column, Entity},
};
use crate::domain::PartnerRecord;

/// Stores the record from the event with the number `sequence` among the events about the partner.
/// A record from a later event is not overwritten.
///
/// # Errors
/// Returns an error if the database cannot be reached.
pub(crate) async fn save(
    db: &impl ConnectionTrait,
    partner: &PartnerId,
    sequence: u64,
    record: &PartnerRecord,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        partner: Set(partner.into()),
        sequence: Set(rows::to_bigint(sequence)?),
        record: Set(PartnerRecordBody(record.clone())),
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

/// Returns the stored record of a partner, or `None` until the directory reports a change of the
/// partner.
///
/// # Errors
/// Returns an error if the database cannot be reached or the row cannot be decoded.
pub(crate) async fn get(db: &impl ConnectionTrait, partner: &PartnerId) -> Result<Option<PartnerRecord>, StoreError> {
    // The table does not belong to an aggregate, so the error for an inconsistent row is built
    // here.
    let not_loaded = |error| match error {
        LoadError::Db(error) => error.into(),
        LoadError::Undecodable(row) => {
            let key = AggregateKey::new(partner.as_str(), Uuid::nil());
            StoreError::inconsistent("partner_record", &key, row.error)
        }
    };
    let found = fetch_one(db, Entity::find_by_id(ids::PartnerId::from(partner))).await.map_err(not_loaded)?;
    Ok(found.map(|row| row.record.0))
}
