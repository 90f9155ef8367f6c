//! The history: written from the recorded events as a chain (R56), and never changed but by what is erased. Beside its place in its claim each entry has
//! one in the owner's log, in the order of commits, by which changes are watched (R59).
use super::{
    entity::history,
    positioned,
    row::{RowPlace, json, stored},
};
use crate::domain::{
    Claim, Event,
    history::{Audience, Digest, Entry, EntryFacts, SealedEntry},
};
use cpor_durable::{Change, Key, Recorded, StoreError, Tx, rows, rows::Micros};
use cpor_types::{Actor, ClaimName, Entropy};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use std::collections::BTreeMap;

/// A query of one claim's history.
pub(crate) struct Histories<'db> {
    db: &'db DatabaseConnection,
    query: Select<history::Entity>,
}

impl<'db> Histories<'db> {
    /// That of the claim of this name.
    pub(crate) fn of(db: &'db DatabaseConnection, claim: &ClaimName) -> Self {
        let query = history::Entity::find()
            .filter(history::Column::Owner.eq(claim.partner.as_str()))
            .filter(history::Column::ClaimId.eq(claim.claim.uuid()));
        Self { db, query }
    }

    /// In the order of application, after position `after`; at most `limit`.
    ///
    /// # Errors
    /// The database's; an inconsistent row.
    pub(crate) async fn list(self, after: i64, limit: u64) -> Result<Vec<SealedEntry>, StoreError> {
        let query = self.query.filter(history::Column::Position.gt(after));
        let query = query.order_by_asc(history::Column::Position).limit(limit);
        query.all(self.db).await?.into_iter().map(read).collect()
    }
}

pub(super) fn read(row: history::Model) -> Result<SealedEntry, StoreError> {
    let place = RowPlace { table: "history", key: Key::new(row.owner, row.claim_id) };
    let entry = Entry {
        audience: Audience::parse(&row.audience).ok_or_else(|| place.inconsistent("no such audience"))?,
        facts: EntryFacts {
            action: row.action,
            side: place.text(&row.side)?,
            effective_time: row.effective_time.into(),
            record_time: row.record_time.into(),
            from: row.from_state.map(|state| place.state(&state)).transpose()?,
            to: place.state(&row.to_state)?,
            overtaken: row.overtaken,
        },
        subject: row.subject,
        reason: row.reason,
        changes: place.json(row.changes)?,
    };
    let link = place.digest(row.link)?;
    let sealed = SealedEntry::stored(row.position, &row.salt, entry, &row.commitments, link);
    sealed.ok_or_else(|| place.inconsistent(format_args!("entry {} lacks commitments or salts", row.position)))
}

/// The rows of what a change recorded, but for their places in the owner's log, and the link of the last one.
pub(super) fn chain(
    change: &Change<Claim>,
    entropy: &dyn Entropy,
) -> Result<(Vec<history::ActiveModel>, Digest), StoreError> {
    let mut head = change.before.as_ref().map_or(Digest::GENESIS, |before| before.state.head);
    let mut rows = Vec::new();
    for (position, recorded) in positioned(change) {
        let salt = Digest(entropy.secret());
        let sealed = SealedEntry::seal(&change.after.state.name, head, position, salt, entry(recorded));
        head = sealed.link;
        rows.push(write(&change.key, recorded, salt, &sealed.erase(&recorded.event.late))?);
    }
    Ok((rows, head))
}

fn entry(recorded: &Recorded<Event>) -> Entry {
    let Recorded { event, actor: Actor { side, subject }, effective_time, recorded_time, .. } = recorded;
    Entry {
        audience: event.what.audience(),
        facts: EntryFacts {
            action: event.what.action().to_owned(),
            side: *side,
            effective_time: *effective_time,
            record_time: *recorded_time,
            from: event.from,
            to: event.to,
            overtaken: event.what.is_overtaken(),
        },
        subject: subject.clone(),
        reason: event.reason.clone(),
        changes: event.changes.clone(),
    }
}

fn write(
    key: &Key,
    recorded: &Recorded<Event>,
    salt: Digest,
    sealed: &SealedEntry,
) -> Result<history::ActiveModel, StoreError> {
    let Recorded { event, actor, effective_time, recorded_time, .. } = recorded;
    let (subject, reason, changes) = sealed.texts();
    Ok(history::ActiveModel {
        owner: Set(key.owner.clone()),
        claim_id: Set(key.id),
        position: Set(sealed.position),
        action: Set(event.what.action().to_owned()),
        side: Set(actor.side.as_str().to_owned()),
        subject: Set(subject),
        effective_time: Set(Micros::from(*effective_time)),
        record_time: Set(Micros::from(*recorded_time)),
        from_state: Set(event.from.map(|state| state.as_str().to_owned())),
        to_state: Set(event.to.as_str().to_owned()),
        changes: Set(json(&changes)?),
        reason: Set(reason),
        overtaken: Set(event.what.is_overtaken()),
        audience: Set(sealed.audience.as_str().to_owned()),
        salt: Set(if event.late.is_empty() { salt.0.to_vec() } else { sealed.salts() }),
        commitments: Set(sealed.commitments()),
        link: Set(sealed.link.0.to_vec()),
        owner_sequence: Set(0),
    })
}

/// Two statements: places in the owners' logs, then the entries. A log's row is locked until the transaction ends, so that its
/// sequence follows the order of commits and has no gaps; the rows are taken in the order of owners, after those of claims, so that no
/// two transactions wait for each other.
pub(super) async fn save(tx: &Tx, mut entries: Vec<history::ActiveModel>) -> Result<(), StoreError> {
    let mut counts = BTreeMap::<String, u64>::new();
    for entry in &entries {
        *counts.entry(entry.owner.as_ref().clone()).or_default() += 1;
    }
    let mut last = rows::count(tx, "owner_log", &counts).await?;
    for entry in entries.iter_mut().rev() {
        let sequence = last.get_mut(entry.owner.as_ref()).ok_or_else(|| {
            StoreError::Db(sea_orm::DbErr::RecordNotFound("an owner's log was counted and is not there".to_owned()))
        })?;
        entry.owner_sequence = Set(stored(*sequence)?);
        *sequence -= 1;
    }
    Ok(rows::insert::<history::Entity>(tx, entries).await?)
}
