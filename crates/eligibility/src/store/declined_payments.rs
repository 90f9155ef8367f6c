//! The table `declined_payment`: the claims for which the partner declined payment (R54b).
//!
//! Events about claims and events about associations are not ordered among each other. A row is
//! stored also for a claim whose association becomes official later.
use cpor_durable::{AggregateKey, StoreError, rows};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, PaginatorTrait};

use super::entity::declined_payment::{ActiveModel, Entity};

/// Stores that payment was declined for the claim of this assessment. A repeated call changes
/// nothing.
///
/// # Errors
/// Returns an error if the database cannot be reached.
pub(crate) async fn save(db: &impl ConnectionTrait, key: &AggregateKey) -> Result<(), StoreError> {
    let row = ActiveModel { owner: Set(key.owner.as_str().into()), id: Set(key.id.into()) };
    Ok(rows::upsert::<Entity>(db, [row]).await?)
}

/// Returns whether payment was declined for the claim of this assessment.
///
/// # Errors
/// Returns an error if the database cannot be reached.
pub(crate) async fn contains(db: &impl ConnectionTrait, key: &AggregateKey) -> Result<bool, StoreError> {
    Ok(Entity::find_by_id((key.owner.as_str().into(), key.id.into())).count(db).await? > 0)
}
