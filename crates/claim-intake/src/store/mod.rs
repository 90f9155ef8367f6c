//! The tables of claims, and the queries that speak domain types.
//!
//! Every query is made by a constructor that takes the owner, so that a claim cannot be reached without saying whose it
//! is.
mod claims;
mod comments;
mod documents;
pub(crate) mod entity;
mod erasure;
mod history;
mod lines;
mod listing;
mod log;
pub(crate) mod mails;
pub(crate) mod migration;
mod row;

pub(crate) use claims::{Claims, Cursor, Scope, Wanted};
pub(crate) use comments::Comments;
pub(crate) use documents::{Documents, Pending};
pub(crate) use history::Histories;
pub(crate) use lines::{AlreadyClaimed, Asked, claimed_elsewhere};
pub(crate) use listing::{FIELDS, KEYS, SortKey};
pub(crate) use log::{Log, LogPlace, Logged};

use crate::domain::Claim;
use crate::outgoing;
use cpor_durable::{Change, Key, Outgoing, Store, StoreError, Tx, Versioned, rows};
use cpor_types::Entropy;
use std::sync::Arc;

/// How claims lie in the database.
pub(crate) struct ClaimStore {
    /// The salts of the history.
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Store for ClaimStore {
    type Aggregate = Claim;
    type Clash = AlreadyClaimed;

    const AGGREGATE: &'static str = "claim";

    fn resource(key: &Key) -> String {
        format!("partners/{}/claims/{}", key.owner, key.id)
    }

    async fn load(&self, tx: &Tx, keys: &[Key]) -> Result<Vec<(Key, Versioned<Claim>)>, StoreError> {
        let found = rows::lock::<entity::claim::Entity>(tx, keys).await?;
        found.into_iter().map(row::claim).collect()
    }

    /// Three statements for most commands (claim, owner's log, history); lines, documents, comments and mails cost one more
    /// each where there are any, and an erasure rewrites what it erases.
    async fn save(&self, tx: &Tx, changes: &[Change<Claim>]) -> Result<Vec<(Key, AlreadyClaimed)>, StoreError> {
        let (mut claims, mut entries) = (Vec::with_capacity(changes.len()), Vec::new());
        for change in changes {
            let (chained, head) = history::chain(change, &*self.entropy)?;
            claims.push((change.previous_version(), row::of_claim(change, head)?));
            entries.extend(chained);
        }
        rows::save::<entity::claim::Entity>(tx, claims).await?;
        let clashes = lines::save(tx, changes).await?;
        if clashes.is_empty() {
            documents::save(tx, changes).await?;
            comments::save(tx, changes).await?;
            history::save(tx, entries).await?;
            cpor_mail::enqueue(tx, changes.iter().flat_map(mails::drafts)).await?;
            erasure::save(tx, changes).await?;
        }
        Ok(clashes)
    }

    fn outgoing(&self, change: &Change<Claim>) -> Vec<Outgoing> {
        outgoing::of(change)
    }
}

/// The events of a change, each with its position in the claim's history.
fn positioned(change: &Change<Claim>) -> impl Iterator<Item = (i64, &cpor_durable::Recorded<crate::domain::Event>)> {
    let before = change.before.as_ref().map_or(0, |before| before.state.history);
    // A history longer than a bigint cannot be: each entry is a row.
    let first = i64::try_from(before).unwrap_or(i64::MAX).saturating_add(1);
    (first..).zip(&change.events)
}
