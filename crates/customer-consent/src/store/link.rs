//! Statements on the table of consent links: the links in mails with which the customer contact
//! approves or declines without signing in.

use cpor_database::Db;
use cpor_durable::AggregateKey;
use cpor_types::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::entity::link_token as row;
use crate::links::TokenHash;

/// The consent and the notice that a consent link belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsentLink {
    /// The storage key of the consent.
    pub(crate) consent: AggregateKey,
    /// The id of the notice (mail) that contains the link.
    pub(crate) notice: Uuid,
}

/// Stores a link under the hash of its token. It executes one statement, which is a transaction of
/// its own.
pub(crate) async fn insert(
    db: &Db,
    hash: TokenHash,
    link: ConsentLink,
    create_time: Timestamp,
    expire_time: Timestamp,
) -> Result<(), DbErr> {
    let row = row::ActiveModel {
        hash: Set(hash.0.to_vec()),
        tenant: Set(link.consent.owner.into()),
        claim: Set(link.consent.id.into()),
        notice: Set(link.notice.into()),
        create_time: Set(create_time),
        expire_time: Set(expire_time),
    };
    row::Entity::insert(row).exec_without_returning(db.writer()).await.map(|_| ())
}

/// Returns the link with this hash unless it has expired. It executes one statement.
pub(crate) async fn find(db: &Db, hash: TokenHash, now: Timestamp) -> Result<Option<ConsentLink>, DbErr> {
    let not_expired = row::Column::ExpireTime.gt(now);
    let link_row = row::Entity::find_by_id(hash.0.to_vec()).filter(not_expired).one(db.reader()).await?;
    Ok(link_row
        .map(|row| ConsentLink { consent: AggregateKey::new(row.tenant, row.claim.into()), notice: row.notice.into() }))
}

/// Deletes the links that have expired and returns their number.
pub(crate) async fn delete_expired(db: &Db, now: Timestamp) -> Result<u64, DbErr> {
    let expired = row::Column::ExpireTime.lte(now);
    Ok(row::Entity::delete_many().filter(expired).exec(db.writer()).await?.rows_affected)
}
