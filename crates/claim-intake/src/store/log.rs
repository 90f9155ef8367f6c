//! Reads the log of an owner: the history entries of all claims of one partner, in the order of
//! commits (R59). Watches, which are clients' open streams of changes, read this log.
use super::{entity::history, history::entry_from_row};
use cpor_bulk_rows::{fetch_all, fetch_one};
use cpor_durable::{StoreError, ids};
use cpor_history::{Digest, SealedEntry};
use cpor_types::{ClaimName, PartnerId};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// A position in a log. Watch cursors contain it in serialized form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct LogPosition {
    /// The sequence number of the last entry before this position; 0 at the beginning.
    pub(crate) sequence: i64,
    /// The first eight bytes of that entry's link, the hash of its claim's history up to the entry.
    /// They differ if the database was restored from a backup and continued with other entries.
    pub(crate) mark: u64,
}

impl LogPosition {
    /// The position before the first entry.
    pub(crate) const BEGINNING: Self = Self { sequence: 0, mark: 0 };

    /// Returns the position after the entry with this sequence number and link.
    fn after_entry(sequence: i64, Digest([a, b, c, d, e, f, g, h, ..]): Digest) -> Self {
        Self { sequence, mark: u64::from_be_bytes([a, b, c, d, e, f, g, h]) }
    }
}

/// A history entry with its position in the log.
pub(crate) struct LogEntry {
    /// The position after the entry.
    pub(crate) position: LogPosition,
    /// The claim that the entry belongs to.
    pub(crate) claim: ClaimName,
    /// The history entry.
    pub(crate) entry: SealedEntry,
}

/// A query for the log of one partner.
pub(crate) struct Log<'db> {
    db: &'db DatabaseConnection,
    partner: PartnerId,
    query: Select<history::Entity>,
}

impl<'db> Log<'db> {
    /// Starts a query for the log of `partner`.
    pub(crate) fn of_partner(db: &'db DatabaseConnection, partner: &PartnerId) -> Self {
        let query = history::Entity::find().filter(history::Column::Owner.eq(ids::PartnerId::from(partner)));
        Self { db, partner: partner.clone(), query }
    }

    /// Reads the position after the last entry, with one indexed read.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn end(self) -> Result<LogPosition, StoreError> {
        let last = self.query.order_by_desc(history::Column::OwnerSequence);
        Ok(fetch_one(self.db, last)
            .await?
            .map(positioned_entry)
            .transpose()?
            .map_or(LogPosition::BEGINNING, |(position, _)| position))
    }

    /// Returns whether the log contains this position, with one indexed read. After the database
    /// was restored from a backup, the position of an older cursor may be missing.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn contains(self, position: LogPosition) -> Result<bool, StoreError> {
        if position == LogPosition::BEGINNING {
            return Ok(true);
        }
        let row = self.query.filter(history::Column::OwnerSequence.eq(position.sequence));
        let entry = fetch_one(self.db, row).await?.map(positioned_entry).transpose()?;
        Ok(entry.is_some_and(|(entry_position, _)| entry_position == position))
    }

    /// Reads at most `limit` entries after `position`, oldest first.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn entries_after(self, position: LogPosition, limit: u64) -> Result<Vec<LogEntry>, StoreError> {
        let query = self.query.filter(history::Column::OwnerSequence.gt(position.sequence));
        let query = query.order_by_asc(history::Column::OwnerSequence).limit(limit);
        let rows = fetch_all(self.db, query).await?;
        let log_entry = |row: history::Model| {
            let claim = ClaimName { partner: self.partner.clone(), claim: row.claim_id.into() };
            let (position, entry) = positioned_entry(row)?;
            Ok(LogEntry { position, claim, entry })
        };
        rows.into_iter().map(log_entry).collect()
    }
}

/// Converts a row to a history entry and the log position after it.
fn positioned_entry(row: history::Model) -> Result<(LogPosition, SealedEntry), StoreError> {
    let sequence = row.owner_sequence;
    let entry = entry_from_row(row)?;
    Ok((LogPosition::after_entry(sequence, entry.link), entry))
}
