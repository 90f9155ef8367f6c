//! Erasing personal data where it lies (R56): in the history, the comments and the mails of a claim. What the claim itself held is gone from its row.
use super::{
    entity::{comment, history},
    history as entries, mails, positioned,
    row::{RowPlace, json},
};
use crate::domain::{Claim, What, history::is_of_people};
use cpor_durable::{Change, Key, StoreError, Tx, rows};
use cpor_types::{PersonalData, Timestamp};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter, QueryOrder, QuerySelect};

/// Rows that are read and rewritten at once, whatever the length of a history.
const PART: u64 = 100;

/// Carries out the erasures among `changes`, after everything else of them was saved; for each, a read and a write for every [`PART`] of the
/// history, and of the comments where words are erased.
pub(super) async fn save(tx: &Tx, changes: &[Change<Claim>]) -> Result<(), StoreError> {
    for change in changes {
        for (position, recorded) in positioned(change) {
            if let What::PersonalDataErased(kinds) = &recorded.event.what {
                erase_history(tx, &change.key, position, kinds).await?;
                if kinds.contains(&PersonalData::Words) {
                    erase_comments(tx, &change.key, position).await?;
                }
            }
        }
    }
    Ok(())
}

/// Erases `kinds` from every entry before the one at `position`, and from the mails that they led to.
async fn erase_history(tx: &Tx, key: &Key, position: i64, kinds: &[PersonalData]) -> Result<(), StoreError> {
    let of_claim = history::Entity::find()
        .filter(history::Column::Owner.eq(&key.owner))
        .filter(history::Column::ClaimId.eq(key.id));
    let before = of_claim.filter(history::Column::Position.lt(position));
    let mut after = 0;
    loop {
        let part = before.clone().filter(history::Column::Position.gt(after));
        let part = part.order_by_asc(history::Column::Position).limit(PART).all(tx).await?;
        let Some(last) = part.last() else { return Ok(()) };
        after = last.position;
        if kinds.contains(&PersonalData::Contacts) {
            let mail = |row: &history::Model| mails::id(key.id, row.position, Timestamp::from(row.record_time));
            cpor_mail::forget(tx, &key.owner, &part.iter().map(mail).collect::<Vec<_>>()).await?;
        }
        let erased = part.into_iter().map(|row| erased(row, kinds)).filter_map(Result::transpose);
        rows::upsert::<history::Entity>(tx, erased.collect::<Result<Vec<_>, _>>()?).await?;
    }
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
    let of_claim = comment::Entity::find()
        .filter(comment::Column::Owner.eq(&key.owner))
        .filter(comment::Column::ClaimId.eq(key.id));
    let before = of_claim.filter(comment::Column::Position.lt(position));
    let mut after = 0;
    loop {
        let part = before.clone().filter(comment::Column::Position.gt(after));
        let part = part.order_by_asc(comment::Column::Position).limit(PART).all(tx).await?;
        let Some(last) = part.last() else { return Ok(()) };
        after = last.position;
        let mut erased = Vec::new();
        for row in part {
            if is_of_people(place.text(&row.side)?) {
                erased.push(comment::ActiveModel { text: Set(String::new()), ..row.into_active_model() });
            }
        }
        rows::upsert::<comment::Entity>(tx, erased).await?;
    }
}
