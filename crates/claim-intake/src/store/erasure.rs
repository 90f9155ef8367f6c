//! Erases personal data from the history, the comments and the mails of a claim (R56). The domain
//! removes the personal data from the claim itself.
use super::{
    entity::{comment, history, json::Changes},
    events_with_position, history as history_store, mails,
};
use crate::domain::{Claim, EventKind, is_human_side, personal_data_rules};
use cpor_bulk_rows::fetch_all;
use cpor_durable::{
    AggregateKey, Change, StoreError, Tx,
    ids::{ClaimId, PartnerId},
    rows,
};
use cpor_types::PersonalData;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel as _, QueryFilter, QueryOrder, QuerySelect};

/// The number of rows that are read and rewritten at a time.
const PAGE_SIZE: u64 = 100;

/// The columns of a history entry that an erasure changes. The database role of the service may
/// change no others.
pub(super) const ERASED_COLUMNS: [history::Column; 4] =
    [history::Column::Subject, history::Column::Reason, history::Column::Changes, history::Column::Salt];

/// Executes the erasures that `changes` recorded. All other data of the changes must be saved
/// before. Each erasure costs one read and one write for every [`PAGE_SIZE`] history entries, and
/// the same for the comments if texts are erased.
pub(super) async fn save(tx: &Tx, changes: &[Change<Claim>]) -> Result<(), StoreError> {
    for change in changes {
        for (position, recorded) in events_with_position(change) {
            if let EventKind::PersonalDataErased(kinds) = &recorded.event.kind {
                erase_history(tx, &change.key, position, kinds).await?;
                if kinds.contains(&PersonalData::FreeText) {
                    erase_comments(tx, &change.key, position).await?;
                }
            }
        }
    }
    Ok(())
}

/// Erases `kinds` from every entry before the one at `position`, and removes the mails of these
/// entries if contacts are erased.
async fn erase_history(tx: &Tx, key: &AggregateKey, position: i64, kinds: &[PersonalData]) -> Result<(), StoreError> {
    let claim_rows = history::Entity::find()
        .filter(history::Column::Owner.eq(PartnerId::from(key.owner.as_str())))
        .filter(history::Column::ClaimId.eq(ClaimId::from(key.id)));
    let before = claim_rows.filter(history::Column::Position.lt(position));
    let mut after = 0;
    loop {
        let page = before.clone().filter(history::Column::Position.gt(after));
        let page = fetch_all(tx, page.order_by_asc(history::Column::Position).limit(PAGE_SIZE)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.position;
        if kinds.contains(&PersonalData::Contacts) {
            let mail_id = |row: &history::Model| mails::mail_id(key.id, row.position, row.record_time);
            cpor_mail::withdraw_and_erase(tx, &key.owner, &page.iter().map(mail_id).collect::<Vec<_>>()).await?;
        }
        let erased = page.into_iter().map(|row| erase_entry(row, kinds)).filter_map(Result::transpose);
        rows::update_columns::<history::Entity>(tx, &ERASED_COLUMNS, erased.collect::<Result<Vec<_>, _>>()?).await?;
    }
}

/// Returns the row of an entry without its data of `kinds`; `None` if the row does not change.
fn erase_entry(row: history::Model, kinds: &[PersonalData]) -> Result<Option<history::ActiveModel>, StoreError> {
    let before = history_store::entry_from_row(row.clone())?;
    let entry = before.clone().erase(kinds, &personal_data_rules());
    if entry == before {
        return Ok(None);
    }
    let (subject, reason, changes) = entry.texts();
    Ok(Some(history::ActiveModel {
        subject: Set(subject),
        reason: Set(reason),
        changes: Set(Changes(changes)),
        salt: Set(entry.salts()),
        ..row.into_active_model()
    }))
}

/// Erases the texts of the comments before `position` that people wrote. Comments of the system
/// stay.
async fn erase_comments(tx: &Tx, key: &AggregateKey, position: i64) -> Result<(), StoreError> {
    let claim_rows = comment::Entity::find()
        .filter(comment::Column::Owner.eq(PartnerId::from(key.owner.as_str())))
        .filter(comment::Column::ClaimId.eq(ClaimId::from(key.id)));
    let before = claim_rows.filter(comment::Column::Position.lt(position));
    let mut after = 0;
    loop {
        let page = before.clone().filter(comment::Column::Position.gt(after));
        let page = fetch_all(tx, page.order_by_asc(comment::Column::Position).limit(PAGE_SIZE)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.position;
        let human = page.into_iter().filter(|row| is_human_side(row.side.into()));
        let erased = human.map(|row| comment::ActiveModel { text: Set(String::new()), ..row.into_active_model() });
        rows::update_columns::<comment::Entity>(tx, &[comment::Column::Text], erased).await?;
    }
}
