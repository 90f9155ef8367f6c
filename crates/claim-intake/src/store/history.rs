//! Stores and reads the history of claims. The entries of a claim form a hash chain (R56): the
//! *link* of an entry is the hash of the history up to it, and a *commitment* is the salted hash of
//! one part of an entry. Only an erasure of personal data changes stored entries.
//!
//! Each entry also has a sequence number, in the order of commits, in the log of its owner, the
//! partner of the claim. RPCs that stream new entries to clients read that log (R59).
use super::{
    entity::{history, json::Changes, owner_log},
    events_with_position,
    row::RowContext,
};
use crate::domain::{Claim, Event, personal_data_rules};
use cpor_bulk_rows::fetch_all;
use cpor_durable::{
    AggregateKey, Change, RecordedEvent, StoreError, Tx,
    ids::{ClaimId, PartnerId},
    rows::{self, to_bigint},
};
use cpor_history::{Digest, EntryFacts, HistoryEntry, SealedEntry};
use cpor_types::{Actor, ClaimName, Entropy};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use std::collections::BTreeMap;

/// A query for the history entries of one claim.
pub(crate) struct HistoryEntries<'db> {
    db: &'db DatabaseConnection,
    query: Select<history::Entity>,
}

impl<'db> HistoryEntries<'db> {
    /// Starts a query for the history entries of `claim`.
    pub(crate) fn of_claim(db: &'db DatabaseConnection, claim: &ClaimName) -> Self {
        let query = history::Entity::find()
            .filter(history::Column::Owner.eq(PartnerId::from(&claim.partner)))
            .filter(history::Column::ClaimId.eq(ClaimId::from(claim.claim)));
        Self { db, query }
    }

    /// Reads at most `limit` entries after position `after`, in the order in which they were
    /// recorded.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent, for example because it lacks
    /// commitments or salts.
    pub(crate) async fn list(self, after: i64, limit: u64) -> Result<Vec<SealedEntry>, StoreError> {
        let query = self.query.filter(history::Column::Position.gt(after));
        let query = query.order_by_asc(history::Column::Position).limit(limit);
        fetch_all(self.db, query).await?.into_iter().map(entry_from_row).collect()
    }
}

/// Converts a row to a history entry with its commitments and salts.
pub(super) fn entry_from_row(row: history::Model) -> Result<SealedEntry, StoreError> {
    let context = RowContext { table: "history", key: AggregateKey::new(row.owner, row.claim_id.into()) };
    let entry = HistoryEntry {
        audience: row.audience.into(),
        facts: EntryFacts {
            action: row.action,
            side: row.side.into(),
            effective_time: row.effective_time,
            record_time: row.record_time,
            from: row.from_state.map(Into::into),
            to: row.to_state.into(),
            overtaken: row.overtaken,
        },
        subject: row.subject,
        reason: row.reason,
        changes: row.changes.0,
    };
    let link = context.parse_digest(row.link)?;
    let sealed = SealedEntry::from_stored(row.position, &row.salt, entry, &row.commitments, link);
    let incomplete = || context.inconsistent(format_args!("entry {} lacks commitments or salts", row.position));
    sealed.ok_or_else(incomplete)
}

/// Returns the history rows of a change and the chain link of the last entry. The sequence numbers
/// in the owner's log are assigned later, by [`save`].
pub(super) fn chain_rows(change: &Change<Claim>, entropy: &dyn Entropy) -> (Vec<history::ActiveModel>, Digest) {
    let mut head = change.before.as_ref().map_or(Digest::GENESIS, |before| before.state.head);
    let mut rows = Vec::new();
    for (position, recorded) in events_with_position(change) {
        let salt = Digest(entropy.secret());
        let sealed = SealedEntry::seal(&change.after.state.name, head, position, salt, new_entry(recorded));
        head = sealed.link;
        rows.push(entry_to_row(
            &change.key,
            recorded,
            salt,
            &sealed.erase(&recorded.event.late, &personal_data_rules()),
        ));
    }
    (rows, head)
}

/// Creates the history entry of a recorded event.
fn new_entry(recorded: &RecordedEvent<Event>) -> HistoryEntry {
    let RecordedEvent { event, actor: Actor { side, subject }, effective_time, recorded_time, .. } = recorded;
    HistoryEntry {
        audience: event.kind.audience(),
        facts: EntryFacts {
            action: event.kind.action().to_owned(),
            side: *side,
            effective_time: *effective_time,
            record_time: *recorded_time,
            from: event.from,
            to: event.to,
            overtaken: event.kind.is_overtaken(),
        },
        subject: subject.clone(),
        reason: event.reason.clone(),
        changes: event.changes.clone(),
    }
}

/// Converts a sealed entry to a row. If personal data was erased before the event arrived
/// (`event.late`), `sealed` lacks that data, and the salts of its parts are stored instead of the
/// salt of the whole entry.
fn entry_to_row(
    key: &AggregateKey,
    recorded: &RecordedEvent<Event>,
    salt: Digest,
    sealed: &SealedEntry,
) -> history::ActiveModel {
    let RecordedEvent { event, actor, effective_time, recorded_time, .. } = recorded;
    let (subject, reason, changes) = sealed.texts();
    history::ActiveModel {
        owner: Set(key.owner.clone().into()),
        claim_id: Set(key.id.into()),
        position: Set(sealed.position),
        action: Set(event.kind.action().to_owned()),
        side: Set(actor.side.into()),
        subject: Set(subject),
        effective_time: Set(*effective_time),
        record_time: Set(*recorded_time),
        from_state: Set(event.from.map(Into::into)),
        to_state: Set(event.to.into()),
        changes: Set(Changes(changes)),
        reason: Set(reason),
        overtaken: Set(event.kind.is_overtaken()),
        audience: Set(sealed.audience.into()),
        salt: Set(if event.late.is_empty() { salt.0.to_vec() } else { sealed.salts() }),
        commitments: Set(sealed.commitments()),
        link: Set(sealed.link.0.to_vec()),
        owner_sequence: Set(0),
    }
}

/// Assigns the sequence numbers in the owners' logs and inserts the entries, with two statements.
///
/// The row of each owner's log stays locked until the transaction ends. The sequence numbers
/// therefore follow the order of commits and have no gaps. The rows are locked in the order of
/// owners, after the rows of the claims, so that transactions cannot deadlock.
pub(super) async fn save(tx: &Tx, mut entries: Vec<history::ActiveModel>) -> Result<(), StoreError> {
    let mut counts = BTreeMap::<String, u64>::new();
    for entry in &entries {
        *counts.entry(entry.owner.as_ref().as_str().to_owned()).or_default() += 1;
    }
    let mut last_sequences =
        rows::increment_counters::<owner_log::Entity>(tx, owner_log::Column::Owner, owner_log::Column::Last, &counts)
            .await?;
    for entry in entries.iter_mut().rev() {
        let sequence = last_sequences.get_mut(entry.owner.as_ref().as_str()).ok_or_else(|| {
            StoreError::Db(sea_orm::DbErr::RecordNotFound(
                "the owner_log row that was just incremented is missing".to_owned(),
            ))
        })?;
        entry.owner_sequence = Set(to_bigint(*sequence)?);
        *sequence -= 1;
    }
    Ok(rows::insert::<history::Entity>(tx, entries).await?)
}
