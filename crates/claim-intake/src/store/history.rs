//! Stores and reads the history of claims. The entries of a claim form a hash chain (R56): the
//! *link* of an entry is the hash of the history up to it, computed from *commitments*, which are
//! salted hashes of the parts of the entries. Only an erasure of personal data changes stored
//! entries. The *facts* of an entry are its action, the side of its actor, its times and its
//! states.
//!
//! A *change log* numbers the entries of many claims in the order of commits (R59). Each entry has
//! a sequence number in the change log of its owner (the partner) and, from the submission of its
//! claim on, in that of all claims. Watches, RPCs that stream changes to clients, read these logs.
use super::{
    entity::{entry_audience::EntryAudience, history, json::Changes, owner_log},
    events_with_position,
    listing::{SIDES, STATES},
    row::RowContext,
};
use crate::domain::{Claim, ClaimStateKind, Event, personal_data_rules};
use cpor_bulk_rows::fetch_all;
use cpor_durable::{
    AggregateKey, Change, RecordedEvent, StoreError, Tx,
    ids::{ClaimId, PartnerId},
    rows::{self, to_bigint},
};
use cpor_history::{Digest, EntryFacts, HistoryEntry, SealedEntry};
use cpor_listing::{Cursor, Source, TableList, TableQuery, column, field};
use cpor_listing::{
    filter::{FieldType, Format},
    order::Order,
};
use cpor_types::{Actor, ClaimName, Entropy, TenantId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use std::collections::{BTreeMap, HashMap};

/// The table `owner_log` has a row for each change log. Its key is the id of the partner or, for
/// the change log of all claims, this text. No partner has this id, and it sorts before the ids of
/// all partners.
pub(crate) const LOG_OF_ALL_CLAIMS: &str = "*";

/// The list of a claim's history entries, in the order in which they were recorded.
pub(crate) static HISTORY: TableList<history::Entity> = {
    use history::Column;
    TableList {
        fields: &[
            column("action", FieldType::Id(Format::ANY), Column::Action),
            field("side", FieldType::Enum("ACTOR_SIDE_", SIDES), Source::LowercaseEnum(Column::Side)),
            column("from_state", FieldType::Enum("CLAIM_STATE_", STATES), Column::FromState),
            column("to_state", FieldType::Enum("CLAIM_STATE_", STATES), Column::ToState),
            column("overtaken", FieldType::Bool, Column::Overtaken),
            column("effective_time", FieldType::Time, Column::EffectiveTime),
            column("record_time", FieldType::Time, Column::RecordTime),
        ],
        sort_keys: &[("position", Column::Position)],
        default_order: Order { key: Column::Position, descending: false },
        tie_break: &[],
        default_filter: None,
    }
};

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

    /// Leaves out the entries whose facts only some callers see. A filter that matches such an
    /// entry would reveal its facts to the others.
    pub(crate) fn visible_to_all_sides(self) -> Self {
        Self { query: self.query.filter(history::Column::Audience.eq(EntryAudience::All)), ..self }
    }

    /// Reads at most `limit` entries that match `query`, in its order, starting after the cursor
    /// `after`. Each entry comes with its own cursor.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn list(
        self,
        query: &TableQuery<history::Entity>,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<(Cursor, SealedEntry)>, StoreError> {
        let rows = query.fetch(self.db, self.query, after, limit).await?;
        rows.into_iter().map(|(cursor, row)| Ok((cursor, entry_from_row(row)?))).collect()
    }

    /// Reads at most `limit` entries after position `after`, in the order in which they were
    /// recorded.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent, for example because it lacks
    /// commitments or salts.
    pub(crate) async fn list_after(self, after: i64, limit: u64) -> Result<Vec<SealedEntry>, StoreError> {
        let query = self.query.filter(history::Column::Position.gt(after));
        let query = query.order_by_asc(history::Column::Position).limit(limit);
        fetch_all(self.db, query).await?.into_iter().map(entry_from_row).collect()
    }
}

/// Converts a row to a history entry with its commitments and salts.
pub(crate) fn entry_from_row(row: history::Model) -> Result<SealedEntry, StoreError> {
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
        let tenant = submitted_tenant(&change.after.state, recorded.event.to);
        let sealed = sealed.erase(&recorded.event.already_erased, &personal_data_rules());
        rows.push(entry_to_row(&change.key, tenant, recorded, salt, &sealed));
    }
    (rows, head)
}

/// Returns the tenant of an entry after which the claim is in the state `to`. `None` before the
/// submission: the log of all claims, and its part for one tenant, contain no drafts.
fn submitted_tenant(claim: &Claim, to: ClaimStateKind) -> Option<TenantId> {
    match to {
        ClaimStateKind::Editing | ClaimStateKind::Deleted => None,
        ClaimStateKind::Submitted
        | ClaimStateKind::UnderReview
        | ClaimStateKind::PartnerActionRequired
        | ClaimStateKind::Approved
        | ClaimStateKind::Rejected
        | ClaimStateKind::Disputed => claim.state.submission().map(|submission| submission.tenant),
    }
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
        subject: subject.expose().to_owned(),
        reason: event.reason.clone(),
        changes: event.changes.clone(),
    }
}

/// Converts a sealed entry to a row. If personal data was erased before the event arrived
/// (`event.already_erased`), `sealed` lacks that data, and the salts of its parts are stored
/// instead of the salt of the whole entry.
fn entry_to_row(
    key: &AggregateKey,
    tenant: Option<TenantId>,
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
        salt: Set(if event.already_erased.is_empty() { salt.0.to_vec() } else { sealed.salts() }),
        commitments: Set(sealed.commitments()),
        link: Set(sealed.link.0.to_vec()),
        owner_sequence: Set(0),
        tenant: Set(tenant.map(Into::into)),
        sequence: Set(None),
    }
}

/// Assigns the sequence numbers in the change logs and inserts the entries, with two statements.
///
/// The row of each log stays locked until the transaction ends. Its sequence therefore follows the
/// order of commits and has no gaps. The rows are locked in the order of their keys, after the rows
/// of the claims, so that transactions cannot deadlock. The row of the log of all claims makes
/// transactions that change submitted claims commit one after the other from here on; commands
/// that wait share a transaction.
pub(super) async fn save(tx: &Tx, mut entries: Vec<history::ActiveModel>) -> Result<(), StoreError> {
    // The number of new entries in each change log.
    let mut counts = BTreeMap::<String, u64>::new();
    for entry in &entries {
        *counts.entry(entry.owner.as_ref().as_str().to_owned()).or_default() += 1;
        if entry.tenant.as_ref().is_some() {
            *counts.entry(LOG_OF_ALL_CLAIMS.to_owned()).or_default() += 1;
        }
    }
    let mut last_sequences =
        rows::increment_counters::<owner_log::Entity>(tx, owner_log::Column::Owner, owner_log::Column::Last, &counts)
            .await?;
    for entry in entries.iter_mut().rev() {
        let owner = entry.owner.as_ref().as_str().to_owned();
        entry.owner_sequence = Set(take_last(&mut last_sequences, &owner)?);
        if entry.tenant.as_ref().is_some() {
            entry.sequence = Set(Some(take_last(&mut last_sequences, LOG_OF_ALL_CLAIMS)?));
        }
    }
    Ok(rows::insert::<history::Entity>(tx, entries).await?)
}

/// Takes the last of the sequence numbers that are reserved for a log.
fn take_last(last_sequences: &mut HashMap<String, u64>, log: &str) -> Result<i64, StoreError> {
    let sequence = last_sequences.get_mut(log).ok_or_else(|| {
        let missing = format!("the owner_log row {log} that was just incremented is missing");
        StoreError::Db(sea_orm::DbErr::RecordNotFound(missing))
    })?;
    *sequence -= 1;
    Ok(to_bigint(*sequence + 1)?)
}
