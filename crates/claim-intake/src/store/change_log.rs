//! Reads change logs: the history entries of many claims, in the order of commits (R59). Watches,
//! RPCs that stream changes to clients, follow these logs.
use super::{
    entity::history::{Column, Entity, Model},
    history::entry_from_row,
    row::RowContext,
};
use cpor_durable::{
    AggregateKey, StoreError, ids,
    watch::{LogPosition, LogQuery},
};
use cpor_history::{Digest, SealedEntry};
use cpor_types::{ClaimName, Malformed, PartnerId, TenantId};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter};

/// The entries that a change log contains.
#[derive(Clone, Debug)]
pub(crate) enum ChangeLogScope {
    /// The entries of all claims of one partner, including drafts.
    Partner(PartnerId),
    /// The entries of the claims on one tenant, from submission on. For vendor users and the
    /// tenant's customer.
    Tenant(TenantId),
    /// The entries of all claims, from submission on. For vendor users only.
    All,
}

/// A history entry of a change log.
pub(crate) struct ChangeLogEntry {
    /// The position of the entry, after which a reader that has read the entry continues.
    pub(crate) position: LogPosition,
    /// The claim that the entry belongs to.
    pub(crate) claim: ClaimName,
    /// The history entry.
    pub(crate) entry: SealedEntry,
}

/// A query for a change log.
pub(crate) struct ChangeLog<'db> {
    query: LogQuery<'db, Entity>,
    /// Returns the sequence number of a row in this log.
    sequence: fn(&Model) -> Option<i64>,
}

impl<'db> ChangeLog<'db> {
    /// Starts a query for the change log with the entries of `scope`.
    pub(crate) fn in_scope(db: &'db DatabaseConnection, scope: &ChangeLogScope) -> Self {
        let of_all_claims =
            |query| Self { query: LogQuery::new(db, query, Column::Sequence), sequence: |row| row.sequence };
        match scope {
            ChangeLogScope::Partner(partner) => {
                let query = Entity::find().filter(Column::Owner.eq(ids::PartnerId::from(partner)));
                let query = LogQuery::new(db, query, Column::OwnerSequence);
                Self { query, sequence: |row| Some(row.owner_sequence) }
            }
            ChangeLogScope::Tenant(tenant) => {
                of_all_claims(Entity::find().filter(Column::Tenant.eq(ids::TenantId::from(*tenant))))
            }
            ChangeLogScope::All => of_all_claims(Entity::find()),
        }
    }

    /// Reads the position of the last entry, with one indexed read. `None` if the log is empty.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn last_position(self) -> Result<Option<LogPosition>, StoreError> {
        let row = self.query.last_entry().await?;
        Ok(row.map(|row| log_entry(row, self.sequence)).transpose()?.map(|entry| entry.position))
    }

    /// Reads the position of the entry with this sequence number, with one indexed read. `None` if
    /// there is none.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn position_at(self, sequence: i64) -> Result<Option<LogPosition>, StoreError> {
        let row = self.query.entry_at(sequence).await?;
        Ok(row.map(|row| log_entry(row, self.sequence)).transpose()?.map(|entry| entry.position))
    }

    /// Reads at most `limit` entries after a sequence number, oldest first.
    ///
    /// # Errors
    /// Returns an error if the query fails or a row is inconsistent.
    pub(crate) async fn entries_after(self, sequence: i64, limit: u64) -> Result<Vec<ChangeLogEntry>, StoreError> {
        let rows = self.query.entries_after(sequence, limit).await?;
        rows.into_iter().map(|row| log_entry(row, self.sequence)).collect()
    }
}

/// Converts a row to an entry of a change log. The mark of its position, by which a watch notices
/// that the log was replaced by an older copy, is the first eight bytes of the entry's chain link.
fn log_entry(row: Model, sequence: fn(&Model) -> Option<i64>) -> Result<ChangeLogEntry, StoreError> {
    let context = RowContext { table: "history", key: AggregateKey::new(row.owner.clone(), row.claim_id.into()) };
    let sequence = sequence(&row).ok_or_else(|| context.inconsistent("the entry has no sequence number"))?;
    let partner = context.key.owner.parse().map_err(|error: Malformed| context.inconsistent(error))?;
    let claim = ClaimName { partner, claim: row.claim_id.into() };
    let entry = entry_from_row(row)?;
    let Digest([a, b, c, d, e, f, g, h, ..]) = entry.link;
    let mark = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    Ok(ChangeLogEntry { position: LogPosition { sequence, mark }, claim, entry })
}
