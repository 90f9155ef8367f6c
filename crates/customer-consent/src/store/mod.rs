//! The storage of consents (the customer's side of one claim each), and of the holders of legacy
//! associations: the companies that are on record for a customer by an association from before
//! claims existed. The mails to customers and holders contain links, by which they answer; the
//! links are stored here, too. The crate `cpor_mail` stores the mails.

mod consent;
mod entity;
pub(crate) mod holder;
pub(crate) mod link;
pub(crate) mod list_query;
pub(crate) mod migration;
#[cfg(test)]
mod tests;

use cpor_bulk_rows::fetch_one;
use cpor_database::Db;
use cpor_durable::ids::{ClaimId, TenantId};
use cpor_durable::rows;
use cpor_durable::{AggregateKey, Change, OutgoingEvent, Store, StoreError, Tx, Versioned};
use cpor_mail::NewMail;
use cpor_types::PersonalData;
use sea_orm::{DbErr, EntityTrait as _};

pub(crate) use list_query::{CONSENT_LIST, list_consents};
pub(crate) type ConsentQuery = cpor_listing::TableQuery<row::Entity>;

use crate::domain::{Consent, Event};
use crate::events::outgoing;
use entity::consent as row;

/// The kind of mails that confirm a decision to the contact (R43a). The other mails are notices,
/// and have the kind of their notice.
pub(crate) const CONFIRMATION_MAIL: &str = "confirmation";

/// Stores consents, one row for each, and queues their mails in the same transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConsentStore;

/// The type for violations of uniqueness rules of the database. It has no values, because this
/// service has no such rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoConflict {}

impl Store for ConsentStore {
    type Aggregate = Consent;
    type Conflict = NoConflict;

    const AGGREGATE: &'static str = "consent";

    fn resource(key: &AggregateKey) -> String {
        resource_name(key)
    }

    async fn load(
        &self,
        tx: &Tx,
        keys: &[AggregateKey],
    ) -> Result<Vec<(AggregateKey, Versioned<Consent>)>, StoreError> {
        rows::load_locked::<row::Entity>(tx, keys).await?.into_iter().map(consent::from_row).collect()
    }

    async fn save(&self, tx: &Tx, changes: &[Change<Consent>]) -> Result<Vec<(AggregateKey, NoConflict)>, StoreError> {
        let rows = changes.iter().map(consent::to_row).collect::<Result<Vec<_>, _>>()?;
        rows::save::<row::Entity>(tx, rows).await?;
        cpor_mail::enqueue(tx, changes.iter().flat_map(new_mails)).await?;
        erase_mail_recipients(tx, changes).await?;
        Ok(vec![])
    }

    fn outgoing(&self, change: &Change<Consent>) -> Vec<OutgoingEvent> {
        let claim = &change.after.state.claim.name;
        change.events.iter().filter_map(|recorded| outgoing::outgoing_event(claim, recorded)).collect()
    }
}

pub(crate) fn resource_name(key: &AggregateKey) -> String {
    format!("tenants/{}/consents/{}", key.owner, key.id)
}

/// Returns the mails that a change causes.
fn new_mails(change: &Change<Consent>) -> impl Iterator<Item = NewMail> {
    change.events.iter().filter_map(move |recorded| match &recorded.event {
        Event::NoticeQueued { notice } => {
            let notice = change.after.state.notices.iter().find(|candidate| candidate.id == *notice)?;
            Some(NewMail {
                owner: change.key.owner.clone(),
                id: notice.id,
                kind: notice.kind.as_str(),
                recipient: notice.contact.email.expose().to_owned(),
                time: recorded.recorded_time,
                data: serde_json::json!({ "claim": change.key.id }),
            })
        }
        Event::ConfirmationQueued { mail } => {
            let confirmations = &change.after.state.confirmations;
            let confirmation = confirmations.iter().find(|candidate| candidate.id == *mail)?;
            Some(NewMail {
                owner: change.key.owner.clone(),
                id: confirmation.id,
                kind: CONFIRMATION_MAIL,
                recipient: confirmation.contact.email.expose().to_owned(),
                time: recorded.recorded_time,
                data: serde_json::json!({ "claim": change.key.id }),
            })
        }
        Event::NoticeResent { .. }
        | Event::NoticeDeliveryReported { .. }
        | Event::WindowOpened { .. }
        | Event::WindowStopped { .. }
        | Event::DeliveryReminderDue
        | Event::CustomerNotReached { .. }
        | Event::ConsentEnded { .. }
        | Event::WindowPassed { .. }
        | Event::CustomerApproved { .. }
        | Event::CustomerDeclined { .. }
        | Event::PersonalDataErased { .. } => None,
    })
}

/// Withdraws the unsent mails about consents whose contacts are erased, and erases the recipients
/// of all mails about them (R56).
async fn erase_mail_recipients(tx: &Tx, changes: &[Change<Consent>]) -> Result<(), DbErr> {
    let erases_contacts = |event: &Event| match event {
        Event::PersonalDataErased { kinds } => kinds.contains(&PersonalData::Contacts),
        Event::NoticeQueued { .. }
        | Event::ConfirmationQueued { .. }
        | Event::NoticeResent { .. }
        | Event::NoticeDeliveryReported { .. }
        | Event::WindowOpened { .. }
        | Event::WindowStopped { .. }
        | Event::DeliveryReminderDue
        | Event::CustomerNotReached { .. }
        | Event::ConsentEnded { .. }
        | Event::WindowPassed { .. }
        | Event::CustomerApproved { .. }
        | Event::CustomerDeclined { .. } => false,
    };
    for change in changes.iter().filter(|change| change.events.iter().any(|recorded| erases_contacts(&recorded.event)))
    {
        let consent = &change.after.state;
        let confirmations = consent.confirmations.iter().map(|confirmation| confirmation.id);
        let mails: Vec<_> = consent.notices.iter().map(|notice| notice.id).chain(confirmations).collect();
        cpor_mail::withdraw_and_erase(tx, &change.key.owner, &mails).await?;
    }
    Ok(())
}

/// Reads one consent as last committed. It executes one statement.
pub(crate) async fn find(db: &Db, key: &AggregateKey) -> Result<Option<Versioned<Consent>>, StoreError> {
    let query = row::Entity::find_by_id((TenantId::from(key.owner.as_str()), ClaimId::from(key.id)));
    fetch_one(db.reader(), query).await?.map(|row| consent::from_row(row).map(|(_, consent)| consent)).transpose()
}
