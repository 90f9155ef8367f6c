//! Why a batch's transaction came to nothing, and what that says about its commands.
use sea_orm::{DbErr, RuntimeErr, SqlxError};

use crate::{Key, StoreError};

/// Nothing of the batch was committed, unless it says otherwise.
#[derive(Debug)]
pub(super) enum Fault<C> {
    /// A uniqueness rule refuses these aggregates' changes.
    Clash(Vec<(Key, C)>),
    /// Somebody else has changed these aggregates.
    Lost(Vec<Key>),
    /// Somebody else was in the way: a deadlock, a lock not had in time. Worth trying again as it is.
    Transient(String),
    /// Something about one of the commands.
    Failed(String),
    /// The database cannot be reached, or whether the batch was committed is not known.
    Down(String),
}

impl<C> From<StoreError> for Fault<C> {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Db(error) => error.into(),
            StoreError::Lost(keys) => Self::Lost(keys),
            StoreError::Inconsistent { .. } => Self::Failed(error.to_string()),
        }
    }
}

impl<C> From<DbErr> for Fault<C> {
    fn from(error: DbErr) -> Self {
        let text = error.to_string();
        if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
            return Self::Down(text);
        }
        let (DbErr::Exec(RuntimeErr::SqlxError(driver)) | DbErr::Query(RuntimeErr::SqlxError(driver))) = &error else {
            return Self::Failed(text);
        };
        if let SqlxError::Database(refused) = driver.as_ref() {
            return by_code(refused.code().as_deref().unwrap_or_default(), text);
        }
        let down = matches!(
            driver.as_ref(),
            SqlxError::Io(_)
                | SqlxError::Tls(_)
                | SqlxError::Protocol(_)
                | SqlxError::PoolTimedOut
                | SqlxError::PoolClosed
                | SqlxError::WorkerCrashed
        );
        if down { Self::Down(text) } else { Self::Failed(text) }
    }
}

/// Codes of PostgreSQL's Appendix A have five characters, SQLite's result codes fewer.
fn by_code<C>(code: &str, text: String) -> Fault<C> {
    match code {
        // Serialization failure, deadlock, lock not available, statement timeout.
        "40001" | "40P01" | "55P03" | "57014" => Fault::Transient(text),
        // SQLITE_BUSY, SQLITE_LOCKED and their extensions.
        "5" | "6" | "261" | "262" | "517" | "773" => Fault::Transient(text),
        // Shutting down, cannot connect now, too many connections, idle in transaction too long.
        "57P01" | "57P02" | "57P03" | "53300" | "25P03" => Fault::Down(text),
        // Read-only transaction: a server that is a standby by now.
        "25006" => Fault::Down(text),
        other if other.len() == 5 && other.starts_with("08") => Fault::Down(text),
        _ => Fault::Failed(text),
    }
}
