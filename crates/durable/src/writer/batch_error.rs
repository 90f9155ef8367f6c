//! The reasons why the transaction of a batch (commands that share the transaction) failed, and the
//! classification of database errors by these reasons. An *aggregate* is a unit that is loaded,
//! decided and saved as a whole, such as a claim.
use sea_orm::{DbErr, RuntimeErr, SqlxError};

use crate::{AggregateKey, StoreError};

/// The reason why a batch was not committed. Nothing of the batch took effect, except that after
/// [`BatchError::Unavailable`] the batch may have been committed.
#[derive(Debug)]
pub(super) enum BatchError<C> {
    /// The changes of these aggregates break a uniqueness rule.
    UniquenessConflict(Vec<(AggregateKey, C)>),
    /// Another process changed these aggregates after they were loaded.
    ConcurrentChange(Vec<AggregateKey>),
    /// Another transaction was in conflict with this one, for example by a deadlock. The same batch
    /// may be tried again.
    Transient(String),
    /// A row stayed locked, or a statement took longer than the server allows. Trying the same batch
    /// again would make all other commands of the writer wait once more.
    Blocked(String),
    /// One of the commands makes the transaction fail.
    Failed(String),
    /// The database cannot be reached, or it is not known whether the batch was committed.
    Unavailable(String),
}

impl<C> From<StoreError> for BatchError<C> {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Db(error) => error.into(),
            StoreError::ConcurrentChange(keys) => Self::ConcurrentChange(keys),
            StoreError::Inconsistent { .. } => Self::Failed(error.to_string()),
        }
    }
}

impl<C> From<DbErr> for BatchError<C> {
    fn from(error: DbErr) -> Self {
        let text = error.to_string();
        if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
            return Self::Unavailable(text);
        }
        let (DbErr::Exec(RuntimeErr::SqlxError(driver_error)) | DbErr::Query(RuntimeErr::SqlxError(driver_error))) =
            &error
        else {
            return Self::Failed(text);
        };
        if let SqlxError::Database(database_error) = driver_error.as_ref() {
            return from_error_code(database_error.code().as_deref().unwrap_or_default(), text);
        }
        let is_unavailable = matches!(
            driver_error.as_ref(),
            SqlxError::Io(_)
                | SqlxError::Tls(_)
                | SqlxError::Protocol(_)
                | SqlxError::PoolTimedOut
                | SqlxError::PoolClosed
                | SqlxError::WorkerCrashed
        );
        if is_unavailable { Self::Unavailable(text) } else { Self::Failed(text) }
    }
}

/// Classifies a database error by its code: five characters on PostgreSQL (Appendix A of its
/// manual), fewer in SQLite's result codes.
fn from_error_code<C>(code: &str, text: String) -> BatchError<C> {
    match code {
        // Serialization failure, deadlock.
        "40001" | "40P01" => BatchError::Transient(text),
        // Lock not available, statement timeout.
        "55P03" | "57014" => BatchError::Blocked(text),
        // SQLITE_BUSY, SQLITE_LOCKED and their extended codes.
        "5" | "6" | "261" | "262" | "517" | "773" => BatchError::Transient(text),
        // Shutting down, cannot connect now, too many connections, idle in transaction too long.
        "57P01" | "57P02" | "57P03" | "53300" | "25P03" => BatchError::Unavailable(text),
        // Read-only transaction: the server has become a standby.
        "25006" => BatchError::Unavailable(text),
        // Class 08: connection exceptions.
        other if other.len() == 5 && other.starts_with("08") => BatchError::Unavailable(text),
        _ => BatchError::Failed(text),
    }
}
