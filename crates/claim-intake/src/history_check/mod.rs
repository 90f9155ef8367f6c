//! Checks the histories of all claims in a database, for `cpor verify --database` (R56). It finds
//! entries that were changed, deleted, reordered or cut off by somebody who can write to the
//! database, and names them. A *root* is a signed hash of the last entries of all histories at the
//! end of a day.
//!
//! The check reads the rows in the order of their keys, in pages of limited size, so its memory
//! does not grow with the number of entries. All rows are read in one transaction that sees the
//! database as it was at one moment, so services may write meanwhile. An erasure of personal data
//! is not a fault. There are three steps:
//!
//! 1. `chains` verifies the chain of each history, and that the row of the claim agrees with it.
//! 2. `logs` checks that the change logs are complete. A *change log* numbers the entries of all
//!    claims of one partner, or of all submitted claims, in the order of commits.
//! 3. `root_comparison` compares the histories with the roots. Only this step finds histories whose
//!    end was cut off together with the row of the claim. It covers the entries up to the last
//!    root.
mod chains;
mod logs;
mod root_comparison;
#[cfg(test)]
mod tests;

use cpor_auth::ReceiptKeys;
use cpor_durable::StoreError;
use sea_orm::{
    AccessMode, ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    TransactionOptions, TransactionTrait as _,
};
use std::{fmt, path::PathBuf};

/// The maximum number of faults that are listed. Further ones are counted.
const MAX_LISTED_FAULTS: usize = 1000;
/// The number of rows that are read at a time.
const PAGE_SIZE: u64 = 1000;

/// The source of the roots with which the histories are compared.
#[derive(Clone, Debug)]
pub enum RootSource {
    /// The roots in the database. Somebody who can change the database can replace them, unless the
    /// public keys are given to the check; even then the last roots can be deleted.
    Stored,
    /// Files that were kept outside of the database, in the order of the numbers of their roots.
    Files(Vec<PathBuf>),
}

/// A row that is missing or was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The table, or the file with roots.
    pub table: String,
    /// The claim, root or change log that the row belongs to.
    pub resource: String,
    /// The position of the history entry, if the fault concerns one.
    pub position: Option<i64>,
    /// What is wrong with the row.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, resource, position, what } = self;
        match position {
            Some(position) => write!(f, "{table}: {resource}, entry {position}: {what}"),
            None => write!(f, "{table}: {resource}: {what}"),
        }
    }
}

/// The result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The number of claims with a history.
    pub claims: u64,
    /// The number of history entries.
    pub entries: u64,
    /// The number of roots that were compared with the histories.
    pub roots: u64,
    /// The last day that a root covers. `None` if there is no root.
    pub last_day: Option<String>,
    /// The first faults, in the order of the check.
    pub faults: Vec<Fault>,
    /// The number of further faults.
    pub further_faults: u64,
}

impl Report {
    /// Records a fault of a row.
    fn add(&mut self, table: &str, resource: impl fmt::Display, position: Option<i64>, what: impl fmt::Display) {
        if self.faults.len() == MAX_LISTED_FAULTS {
            self.further_faults += 1;
            return;
        }
        let (resource, what) = (resource.to_string(), what.to_string());
        self.faults.push(Fault { table: table.to_owned(), resource, position, what });
    }
}

/// The reason why a check could not be completed.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file with roots cannot be read.
    #[error("{file} cannot be read: {error}", file = .file.display())]
    File {
        /// The path of the file.
        file: PathBuf,
        /// The error of the file system.
        error: std::io::Error,
    },
}

impl From<DbErr> for CheckError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

/// Checks all histories in the database of claim-intake, as they are when the check begins.
/// Services may write meanwhile. Files with roots must exist before the call, because a root that
/// is made during the check is not found in the database. Without `keys` the signatures of the
/// roots are not verified.
///
/// # Errors
/// Returns an error if the database fails or a file cannot be read. Faults of the histories are not
/// errors: they are in the report.
pub async fn check_histories(
    db: &DatabaseConnection,
    roots: &RootSource,
    keys: Option<&ReceiptKeys>,
) -> Result<Report, CheckError> {
    let snapshot = begin_snapshot(db).await?;
    let report = check_snapshot(&snapshot, roots, keys).await?;
    snapshot.commit().await?;
    Ok(report)
}

/// Begins a transaction in which all statements see the same state of the database: the state at
/// its first read.
async fn begin_snapshot(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    // In SQLite every transaction is such a snapshot, and statements have no timeout.
    if db.get_database_backend() != DbBackend::Postgres {
        return db.begin().await;
    }
    let options = TransactionOptions {
        isolation_level: Some(IsolationLevel::RepeatableRead),
        access_mode: Some(AccessMode::ReadOnly),
        ..TransactionOptions::default()
    };
    let snapshot = db.begin_with_options(options).await?;
    // Counting all entries can take longer than the statements of a service may.
    snapshot.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    Ok(snapshot)
}

/// Checks all histories that a transaction sees.
async fn check_snapshot(
    snapshot: &DatabaseTransaction,
    roots: &RootSource,
    keys: Option<&ReceiptKeys>,
) -> Result<Report, CheckError> {
    let mut report = Report::default();
    chains::check(snapshot, &mut report).await?;
    logs::check(snapshot, &mut report).await?;
    root_comparison::check(snapshot, roots, keys, &mut report).await?;
    Ok(report)
}
