//! The storage of the holders of legacy associations (recorded before claims existed), and of the
//! links in the mails to them.

use std::collections::BTreeSet;

use cpor_bulk_rows::{fetch_all, fetch_one};
use cpor_database::Db;
use cpor_durable::ids::TenantId;
use cpor_durable::rows::{self, to_bigint};
use cpor_durable::{AggregateKey, Change, OutgoingEvent, Store, StoreError, Tx, Versioned};
use cpor_mail::NewMail;
use cpor_types::{CaseId, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::NoConflict;
use super::entity::holder_link as link_row;
use super::entity::legacy_holder::{self as row, HolderBody};
use crate::domain::{HolderEvent, LegacyHolder};
use crate::events::outgoing;
use crate::links::TokenHash;

/// Stores holders, one row for each, and queues their mails in the same transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HolderStore;

impl Store for HolderStore {
    type Aggregate = LegacyHolder;
    type Conflict = NoConflict;

    const AGGREGATE: &'static str = "legacy_holder";

    fn resource(key: &AggregateKey) -> String {
        format!("tenants/{}/legacyHolders/{}", key.owner, key.id)
    }

    async fn load(
        &self,
        tx: &Tx,
        keys: &[AggregateKey],
    ) -> Result<Vec<(AggregateKey, Versioned<LegacyHolder>)>, StoreError> {
        rows::load_locked::<row::Entity>(tx, keys).await?.into_iter().map(from_row).collect()
    }

    async fn save(
        &self,
        tx: &Tx,
        changes: &[Change<LegacyHolder>],
    ) -> Result<Vec<(AggregateKey, NoConflict)>, StoreError> {
        let rows = changes.iter().map(|change| Ok((change.previous_version(), to_row(change)?)));
        rows::save::<row::Entity>(tx, rows.collect::<Result<Vec<_>, StoreError>>()?).await?;
        cpor_mail::enqueue(tx, changes.iter().flat_map(new_mails)).await?;
        let is_erasure = |change: &&Change<LegacyHolder>| {
            change.events.iter().any(|recorded| recorded.event == HolderEvent::PersonalDataErased)
        };
        for Change { key, after, .. } in changes.iter().filter(is_erasure) {
            cpor_mail::withdraw_and_erase(tx, &key.owner, &after.state.mails().collect::<Vec<_>>()).await?;
        }
        Ok(vec![])
    }

    fn outgoing(&self, change: &Change<LegacyHolder>) -> Vec<OutgoingEvent> {
        let holder = &change.after.state;
        change.events.iter().filter_map(|recorded| outgoing::holder_event(&change.key, holder, recorded)).collect()
    }
}

/// Returns the mails that a change causes.
fn new_mails(change: &Change<LegacyHolder>) -> impl Iterator<Item = NewMail> {
    let holder = &change.after.state;
    let new_mail = |id, kind, time| NewMail {
        owner: change.key.owner.clone(),
        id,
        kind,
        recipient: holder.details.contact_email.expose().to_owned(),
        time,
        data: serde_json::json!({ "holder": change.key.id }),
    };
    change.events.iter().filter_map(move |recorded| match &recorded.event {
        HolderEvent::NoticeQueued { notice } => {
            Some(new_mail(*notice, holder.notice(*notice)?.kind.mail_kind(), recorded.recorded_time))
        }
        HolderEvent::ReminderQueued { mail } => Some(new_mail(*mail, LegacyHolder::REMINDER, recorded.recorded_time)),
        HolderEvent::DeadlineSet { .. }
        | HolderEvent::StatementGiven { .. }
        | HolderEvent::StatementMissed { .. }
        | HolderEvent::PersonalDataErased
        | HolderEvent::StatementErased { .. } => None,
    })
}

fn from_row(row: row::Model) -> Result<(AggregateKey, Versioned<LegacyHolder>), StoreError> {
    let key = AggregateKey::new(row.owner, row.id);
    let version = u64::try_from(row.version).map_err(|error| StoreError::inconsistent("legacy_holder", &key, error))?;
    Ok((key, Versioned::new(version, row.body.0)))
}

fn to_row(change: &Change<LegacyHolder>) -> Result<row::ActiveModel, StoreError> {
    let Versioned { version, state } = &change.after;
    Ok(row::ActiveModel {
        owner: Set(change.key.owner.clone().into()),
        id: Set(change.key.id),
        version: Set(to_bigint(*version)?),
        body: Set(HolderBody(state.clone())),
        update_time: Set(state.update_time),
    })
}

/// Reads one holder as last committed. It executes one statement.
pub(crate) async fn find(db: &Db, key: &AggregateKey) -> Result<Option<LegacyHolder>, StoreError> {
    let query = row::Entity::find_by_id((TenantId::from(key.owner.as_str()), key.id));
    Ok(fetch_one(db.reader(), query).await?.map(|row| row.body.0))
}

/// Returns the keys of the tenant's holders that have a notice about one of these review cases. It
/// executes one statement, which reads all holders of the tenant, because a tenant has only a few.
pub(crate) async fn find_keys_of_cases(
    db: &Db,
    tenant: &str,
    cases: &BTreeSet<CaseId>,
) -> Result<Vec<AggregateKey>, StoreError> {
    let query = row::Entity::find().filter(row::Column::Owner.eq(TenantId::from(tenant)));
    let rows = fetch_all(db.reader(), query).await?.into_iter();
    let has_notice = |row: &row::Model| row.body.0.notices.iter().any(|notice| notice.is_about(cases));
    Ok(rows.filter(has_notice).map(|row| AggregateKey::new(row.owner, row.id)).collect())
}

/// The holder and the notice that a link belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HolderLink {
    /// The storage key of the holder.
    pub(crate) holder: AggregateKey,
    /// The id of the notice (mail) that contains the link.
    pub(crate) notice: Uuid,
}

/// Stores a link under the hash of its token. It executes one statement.
pub(crate) async fn insert_link(
    db: &Db,
    hash: TokenHash,
    link: HolderLink,
    expire_time: Timestamp,
) -> Result<(), DbErr> {
    let row = link_row::ActiveModel {
        hash: Set(hash.0.to_vec()),
        tenant: Set(link.holder.owner.into()),
        holder: Set(link.holder.id),
        notice: Set(link.notice),
        expire_time: Set(expire_time),
    };
    link_row::Entity::insert(row).exec_without_returning(db.writer()).await.map(|_| ())
}

/// Returns the link with this hash unless it has expired. It executes one statement.
pub(crate) async fn find_link(db: &Db, hash: TokenHash, now: Timestamp) -> Result<Option<HolderLink>, DbErr> {
    let not_expired = link_row::Column::ExpireTime.gt(now);
    let found = link_row::Entity::find_by_id(hash.0.to_vec()).filter(not_expired).one(db.reader()).await?;
    Ok(found.map(|row| HolderLink { holder: AggregateKey::new(row.tenant, row.holder), notice: row.notice }))
}

/// Deletes the links that have expired and returns their number.
pub(crate) async fn delete_expired_links(db: &Db, now: Timestamp) -> Result<u64, DbErr> {
    let expired = link_row::Column::ExpireTime.lte(now);
    Ok(link_row::Entity::delete_many().filter(expired).exec(db.writer()).await?.rows_affected)
}
