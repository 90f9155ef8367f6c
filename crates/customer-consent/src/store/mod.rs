//! This service's tables: consents and link tokens; mails are `cpor_mail`'s.

mod consent;
mod entity;
pub(crate) mod link;
mod list;
mod migration;
#[cfg(test)]
mod tests;

use cpor_durable::rows::{self, Micros};
use cpor_durable::{Change, Key, Outgoing, Store, StoreError, Tx, Versioned};
use cpor_kit::Db;
use cpor_mail::Draft;
use cpor_types::PersonalData;
use sea_orm::{ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _};

pub(crate) use list::{Cursor, Filter, list};
pub(crate) use migration::migrations;

use crate::domain::{Consent, Event};
use crate::outgoing;
use entity::consent as row;

/// Keeps consents, one row each, and queues their mails in the transaction that decides them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConsentStore;

/// No rule of this service is a uniqueness rule of its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoClash {}

impl Store for ConsentStore {
    type Aggregate = Consent;
    type Clash = NoClash;

    const AGGREGATE: &'static str = "consent";

    fn resource(key: &Key) -> String {
        resource(key)
    }

    async fn load(&self, tx: &Tx, keys: &[Key]) -> Result<Vec<(Key, Versioned<Consent>)>, StoreError> {
        rows::lock::<row::Entity>(tx, keys).await?.into_iter().map(consent::read).collect()
    }

    async fn save(&self, tx: &Tx, changes: &[Change<Consent>]) -> Result<Vec<(Key, NoClash)>, StoreError> {
        let written = changes.iter().map(consent::write).collect::<Result<Vec<_>, _>>()?;
        rows::save::<row::Entity>(tx, written).await?;
        cpor_mail::enqueue(tx, changes.iter().flat_map(drafts)).await?;
        forget(tx, changes).await?;
        Ok(vec![])
    }

    fn outgoing(&self, change: &Change<Consent>) -> Vec<Outgoing> {
        let claim = &change.after.state.claim.name;
        change.events.iter().filter_map(|recorded| outgoing::event(claim, recorded)).collect()
    }
}

/// The name of a consent.
pub(crate) fn resource(key: &Key) -> String {
    format!("tenants/{}/consents/{}", key.owner, key.id)
}

/// The mails that a change asks for.
fn drafts(change: &Change<Consent>) -> impl Iterator<Item = Draft> {
    change.events.iter().filter_map(move |recorded| match &recorded.event {
        Event::NoticeQueued { notice } => {
            let notice = change.after.state.notices.iter().find(|known| known.id == *notice)?;
            Some(Draft {
                owner: change.key.owner.clone(),
                id: notice.id,
                kind: notice.kind.as_str(),
                recipient: notice.contact.email.clone(),
                time: recorded.recorded_time,
                data: serde_json::json!({ "claim": change.key.id }),
            })
        }
        Event::NoticeResent { .. }
        | Event::NoticeSettled { .. }
        | Event::WindowOpened { .. }
        | Event::WindowPassed
        | Event::CustomerApproved { .. }
        | Event::CustomerDeclined { .. }
        | Event::PersonalDataErased { .. } => None,
    })
}

/// Forgets to whom the mails of consents went whose contacts are erased (R56).
async fn forget(tx: &Tx, changes: &[Change<Consent>]) -> Result<(), DbErr> {
    let erases = |event: &Event| match event {
        Event::PersonalDataErased { kinds } => kinds.contains(&PersonalData::Contacts),
        Event::NoticeQueued { .. }
        | Event::NoticeResent { .. }
        | Event::NoticeSettled { .. }
        | Event::WindowOpened { .. }
        | Event::WindowPassed
        | Event::CustomerApproved { .. }
        | Event::CustomerDeclined { .. } => false,
    };
    for change in changes.iter().filter(|change| change.events.iter().any(|recorded| erases(&recorded.event))) {
        let mails: Vec<_> = change.after.state.notices.iter().map(|notice| notice.id).collect();
        cpor_mail::forget(tx, &change.key.owner, &mails).await?;
    }
    Ok(())
}

/// One consent, as last committed. One round trip.
pub(crate) async fn find(db: &Db, key: &Key) -> Result<Option<Versioned<Consent>>, StoreError> {
    let found = row::Entity::find()
        .filter(row::Column::Owner.eq(key.owner.as_str()))
        .filter(row::Column::Id.eq(key.id))
        .one(db.reader())
        .await?;
    found.map(|found| consent::read(found).map(|(_, consent)| consent)).transpose()
}

/// What a row says of its time.
fn micros(time: cpor_types::Timestamp) -> Micros {
    Micros::from(time)
}

/// A count as the databases store it.
fn stored(count: u64) -> Result<i64, DbErr> {
    i64::try_from(count).map_err(|_| DbErr::Type(format!("{count} exceeds bigint")))
}
