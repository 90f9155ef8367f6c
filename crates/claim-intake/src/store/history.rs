//! The history: written from the recorded events, never changed (R56).
use super::{
    entity::history,
    positioned,
    row::{Place, json},
};
use crate::domain::{Claim, Event, FieldChange, StateKind};
use cpor_durable::{Change, Key, Recorded, StoreError, Tx, rows, rows::Micros};
use cpor_types::{Actor, ClaimName, Timestamp};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

/// One entry of a claim's history.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HistoryEntry {
    /// From 1, without gaps.
    pub(crate) position: i64,
    /// What happened.
    pub(crate) action: String,
    /// Who did it.
    pub(crate) actor: Actor,
    /// When it took effect.
    pub(crate) effective_time: Timestamp,
    /// When it was recorded.
    pub(crate) record_time: Timestamp,
    /// The state before; `None` for the first.
    pub(crate) from: Option<StateKind>,
    /// The state after.
    pub(crate) to: StateKind,
    /// What changed.
    pub(crate) changes: Vec<FieldChange>,
    /// Why.
    pub(crate) reason: String,
    /// A fact that came too late to change anything.
    pub(crate) overtaken: bool,
}

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
    pub(crate) async fn list(self, after: i64, limit: u64) -> Result<Vec<HistoryEntry>, StoreError> {
        let query = self.query.filter(history::Column::Position.gt(after));
        let query = query.order_by_asc(history::Column::Position).limit(limit);
        query.all(self.db).await?.into_iter().map(read).collect()
    }
}

fn read(row: history::Model) -> Result<HistoryEntry, StoreError> {
    let place = Place { table: "history", key: Key::new(row.owner, row.claim_id) };
    Ok(HistoryEntry {
        position: row.position,
        action: row.action,
        actor: Actor::new(place.text(&row.side)?, row.subject),
        effective_time: row.effective_time.into(),
        record_time: row.record_time.into(),
        from: row.from_state.map(|state| place.state(&state)).transpose()?,
        to: place.state(&row.to_state)?,
        changes: place.json(row.changes)?,
        reason: row.reason,
        overtaken: row.overtaken,
    })
}

pub(super) async fn save(tx: &Tx, changes: &[Change<Claim>]) -> Result<(), StoreError> {
    let mut entries = Vec::new();
    for change in changes {
        for (position, recorded) in positioned(change) {
            entries.push(write(&change.key, position, recorded)?);
        }
    }
    Ok(rows::insert::<history::Entity>(tx, entries).await?)
}

fn write(key: &Key, position: i64, recorded: &Recorded<Event>) -> Result<history::ActiveModel, StoreError> {
    let Recorded { event, actor, effective_time, recorded_time, .. } = recorded;
    Ok(history::ActiveModel {
        owner: Set(key.owner.clone()),
        claim_id: Set(key.id),
        position: Set(position),
        action: Set(event.what.action().to_owned()),
        side: Set(actor.side.as_str().to_owned()),
        subject: Set(actor.subject.clone()),
        effective_time: Set(Micros::from(*effective_time)),
        record_time: Set(Micros::from(*recorded_time)),
        from_state: Set(event.from.map(|state| state.as_str().to_owned())),
        to_state: Set(event.to.as_str().to_owned()),
        changes: Set(json(&event.changes)?),
        reason: Set(event.reason.clone()),
        overtaken: Set(event.what.is_overtaken()),
    })
}
