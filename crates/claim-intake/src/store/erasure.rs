//! Erasing personal data where it lies (R56): in the history, the comments and the mails of a claim. What the claim itself held is gone from its row.
use super::{
    entity::{comment, history},
    history as entries, mails, positioned,
    row::{RowPlace, json},
};
use crate::domain::{
    Claim, What,
    history::{PersonalData, is_of_people},
};
use cpor_durable::{Change, Key, StoreError, Tx, rows};
use cpor_types::Timestamp;
use sea_orm::{ActiveValue::Set, IntoActiveModel as _};

/// Carries out the erasures among `changes`, after everything else of them was saved; for each a read and a write of the history, and of the
/// comments where words are erased.
pub(super) async fn save(tx: &Tx, changes: &[Change<Claim>]) -> Result<(), StoreError> {
    for change in changes {
        for (position, recorded) in positioned(change) {
            if let What::PersonalDataErased(kinds) = &recorded.event.what {
                erase(tx, &change.key, position, kinds).await?;
            }
        }
    }
    Ok(())
}

/// Erases `kinds` from everything before the entry at `position`.
async fn erase(tx: &Tx, key: &Key, position: i64, kinds: &[PersonalData]) -> Result<(), StoreError> {
    let columns = [history::Column::Owner, history::Column::ClaimId];
    let mut before = rows::children::<history::Entity>(tx, columns, std::slice::from_ref(key)).await?;
    before.retain(|row| row.position < position);
    if kinds.contains(&PersonalData::Contacts) {
        let mail = |row: &history::Model| mails::id(key.id, row.position, Timestamp::from(row.record_time));
        cpor_mail::forget(tx, &key.owner, &before.iter().map(mail).collect::<Vec<_>>()).await?;
    }
    if kinds.contains(&PersonalData::Words) {
        erase_comments(tx, key, position).await?;
    }
    let erased = before.into_iter().map(|row| erased(row, kinds)).filter_map(Result::transpose);
    Ok(rows::upsert::<history::Entity>(tx, erased.collect::<Result<Vec<_>, _>>()?).await?)
}

/// The row without what the entry held of `kinds`; `None`: it stays as it is.
fn erased(row: history::Model, kinds: &[PersonalData]) -> Result<Option<history::ActiveModel>, StoreError> {
    let before = entries::read(row.clone())?;
    let entry = before.clone().erase(kinds);
    if entry == before {
        return Ok(None);
    }
    let (subject, reason, changes) = entry.texts();
    Ok(Some(history::ActiveModel {
        subject: Set(subject),
        reason: Set(reason),
        changes: Set(json(&changes)?),
        salt: Set(entry.salts()),
        ..row.into_active_model()
    }))
}

/// What people wrote; that the system said something stays.
async fn erase_comments(tx: &Tx, key: &Key, position: i64) -> Result<(), StoreError> {
    let place = RowPlace { table: "comment", key: key.clone() };
    let columns = [comment::Column::Owner, comment::Column::ClaimId];
    let mut erased = Vec::new();
    for row in rows::children::<comment::Entity>(tx, columns, std::slice::from_ref(key)).await? {
        if row.position < position && is_of_people(place.text(&row.side)?) {
            erased.push(comment::ActiveModel { text: Set(String::new()), ..row.into_active_model() });
        }
    }
    Ok(rows::upsert::<comment::Entity>(tx, erased).await?)
}
