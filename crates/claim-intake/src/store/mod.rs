//! Stores and reads claims. The queries return domain types.
//!
//! The *owner* of a claim is the partner that it belongs to. The constructors of queries take the
//! owner, so that a query cannot read the claims of another partner by mistake. Only lists for
//! vendor users ([`Scope::All`]) and the searches for abandoned uploads and for keys of documents
//! read all partners' data.
mod change_log;
mod claims;
mod comments;
mod documents;
pub(crate) mod entity;
mod erasure;
mod history;
mod lines;
mod listing;
pub(crate) mod mails;
pub(crate) mod migration;
pub(crate) mod roots;
mod row;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use change_log::{ChangeLog, ChangeLogEntry, ChangeLogScope};
pub(crate) use claims::{ClaimReader, Claims, ListQuery, Scope};
pub(crate) use comments::{COMMENTS, Comments};
pub(crate) use documents::{DOCUMENTS, Documents, EvidenceUsage, NewUpload, PendingUploads, StoredKey};
pub(crate) use history::{HISTORY, HistoryEntries, LOG_OF_ALL_CLAIMS, entry_from_row};
pub(crate) use lines::{AlreadyClaimed, ClaimedKey, find_claimed_elsewhere};
pub(crate) use listing::CLAIMS;

use crate::domain::{Claim, Event};
use crate::events::outgoing::outgoing_events;
use cpor_database::AppendOnlyTable;
use cpor_durable::{AggregateKey, Change, OutgoingEvent, RecordedEvent, Store, StoreError, Tx, Versioned, rows};
use cpor_types::Entropy;
use std::sync::Arc;

/// Returns the tables to which rows are only added. An erasure of personal data changes some of
/// their columns.
#[must_use]
pub fn append_only_tables() -> Vec<AppendOnlyTable> {
    vec![
        AppendOnlyTable::new::<entity::history::Entity>(&erasure::ERASED_COLUMNS),
        AppendOnlyTable::new::<entity::comment::Entity>(&[entity::comment::Column::Text]),
        AppendOnlyTable::new::<entity::history_root::Entity>(&[]),
        AppendOnlyTable::new::<entity::history_root_leaf::Entity>(&[]),
    ]
}

/// The storage of claims. The writer, the task that commits commands, uses it.
pub(crate) struct ClaimStore {
    /// The source of the salts of history entries.
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Store for ClaimStore {
    type Aggregate = Claim;
    type Conflict = AlreadyClaimed;

    const AGGREGATE: &'static str = "claim";

    fn resource(key: &AggregateKey) -> String {
        format!("partners/{}/claims/{}", key.owner, key.id)
    }

    async fn load(&self, tx: &Tx, keys: &[AggregateKey]) -> Result<Vec<(AggregateKey, Versioned<Claim>)>, StoreError> {
        let claim_rows = rows::load_locked::<entity::claim::Entity>(tx, keys).await?;
        claim_rows.into_iter().map(row::claim_from_row).collect()
    }

    /// Saves changes. This costs three statements for most commands (claim, owner's log, history).
    /// Lines, documents, comments and mails cost one more statement each if there are any. An
    /// erasure also rewrites the rows that contain the erased data.
    async fn save(
        &self,
        tx: &Tx,
        changes: &[Change<Claim>],
    ) -> Result<Vec<(AggregateKey, AlreadyClaimed)>, StoreError> {
        let (mut claims, mut entries) = (Vec::with_capacity(changes.len()), Vec::new());
        for change in changes {
            let (entry_rows, head) = history::chain_rows(change, &*self.entropy);
            claims.push((change.previous_version(), row::claim_to_row(change, head)?));
            entries.extend(entry_rows);
        }
        rows::save::<entity::claim::Entity>(tx, claims).await?;
        let conflicts = lines::save(tx, changes).await?;
        if conflicts.is_empty() {
            documents::save(tx, changes).await?;
            comments::save(tx, changes).await?;
            history::save(tx, entries).await?;
            cpor_mail::enqueue(tx, changes.iter().flat_map(mails::mails_for_change)).await?;
            erasure::save(tx, changes).await?;
        }
        Ok(conflicts)
    }

    fn outgoing(&self, change: &Change<Claim>) -> Vec<OutgoingEvent> {
        outgoing_events(change)
    }
}

/// Returns the events of a change, each with its position in the claim's history.
fn events_with_position(change: &Change<Claim>) -> impl Iterator<Item = (i64, &RecordedEvent<Event>)> {
    let before = change.before.as_ref().map_or(0, |before| before.state.history_length);
    // The conversion cannot fail: each entry is a row, and there cannot be that many rows.
    let first = i64::try_from(before).unwrap_or(i64::MAX).saturating_add(1);
    (first..).zip(&change.events)
}
