//! Makes the daily roots: signed hashes of all histories, which are kept in the database and in a
//! folder outside of it (R56). With them, `cpor verify --database` finds a history whose end was
//! cut off, or a claim that was deleted.
//!
//! When a day (UTC) of the business clock has ended, a root is made. It covers every entry that is
//! committed at that moment. A root has a *leaf* for each claim that has changed, and at most
//! [`MAX_LEAVES`]; if more claims have changed, further roots for the same day follow. The number
//! of the root is a primary key, so replicas cannot make two roots with the same number.
mod file;

use crate::store::roots;
use cpor_auth::ReceiptSigner;
use cpor_database::Db;
use cpor_durable::BusinessClock;
use cpor_history::{
    Digest,
    root::{RootHasher, RootStatement, SignedRoot},
};
use cpor_types::rfc3339;
use std::{path::PathBuf, time::Duration};
use tokio_util::sync::CancellationToken;

/// The maximum number of leaves of one root, which limits the size of a transaction.
const MAX_LEAVES: u64 = 10_000;
/// The pause between two checks whether a day has ended, in real time.
const PAUSE: Duration = Duration::from_mins(5);

/// Makes the roots of one installation. Every replica of the service has a root maker.
#[derive(Clone)]
pub(crate) struct RootMaker {
    /// The database of the service.
    pub(crate) db: Db,
    /// The clock whose days count.
    pub(crate) clock: BusinessClock,
    /// The key with which receipts and roots are signed.
    pub(crate) signer: ReceiptSigner,
    /// The folder that gets a file for each root.
    pub(crate) directory: PathBuf,
}

impl RootMaker {
    /// Makes the roots that are due, repeatedly, until `stop` is cancelled.
    ///
    /// # Errors
    /// Returns the first error of the database or the file system.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), anyhow::Error> {
        loop {
            self.make_due_roots().await?;
            if stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                return Ok(());
            }
        }
    }

    /// Makes the roots that are due, and writes the files of roots that have none yet.
    ///
    /// # Errors
    /// Returns the first error of the database or the file system.
    pub(crate) async fn make_due_roots(&self) -> Result<(), anyhow::Error> {
        loop {
            let last = roots::last(self.db.writer()).await?;
            file::write_missing(&self.db, &self.directory, last.as_ref().map_or(0, |last| last.root.number)).await?;
            let now = self.clock.now(&self.db).await?;
            let day = (now - Duration::from_hours(24)).date_naive().to_string();
            let is_due = last.as_ref().is_none_or(|last| last.root.day < day || last.root.leaves == MAX_LEAVES);
            if !is_due {
                return Ok(());
            }
            let leaves = roots::changed_claims(self.db.reader(), MAX_LEAVES).await?;
            // A database without claims gets no root, so that its business clock can still be
            // changed from a real to a virtual one, or the other way round.
            if last.is_none() && leaves.is_empty() {
                return Ok(());
            }
            let number = last.as_ref().map_or(0, |last| last.root.number) + 1;
            let previous = last.map_or(Digest::GENESIS, |last| last.root.root);
            let hash = leaves.iter().fold(RootHasher::new(previous, number, &day), RootHasher::with_leaf).finish();
            let leaf_count = leaves.len() as u64;
            let root =
                RootStatement { number, day, leaves: leaf_count, previous, root: hash, issue_time: rfc3339(now) };
            let signature = self.signer.sign(&root)?;
            // If another process was faster, the next round of this loop continues after the root
            // of that process.
            roots::insert(&self.db, &SignedRoot { root, signature }, leaves).await?;
        }
    }
}
