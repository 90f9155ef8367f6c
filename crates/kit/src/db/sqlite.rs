use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use cpor_types::Service;
use sea_orm::{
    DatabaseConnection, SqlxSqliteConnector,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::OpenError;

/// Readers of one file. More gain little: SQLite reads are bound by the processor.
const READERS: u32 = 4;
/// How long a statement waits for another process's lock (a backup, an operator's shell).
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a task waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// The file of one service under a data directory.
#[must_use]
pub fn file(directory: &Path, service: Service) -> PathBuf {
    directory.join(format!("{}.sqlite", service.as_str()))
}

/// Opens the one writing connection, which creates the file, then the readers.
pub(super) async fn open(file: &Path) -> Result<(DatabaseConnection, DatabaseConnection), OpenError> {
    let failed = |source| OpenError::File { file: file.to_owned(), source };
    let options = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(512);
    let write =
        pool(1).connect_with(options.clone().create_if_missing(true).journal_mode(SqliteJournalMode::Wal)).await;
    let write = write.map_err(failed)?;
    let read = pool(READERS).connect_with(options.create_if_missing(false).pragma("query_only", "ON")).await;
    let read = read.map_err(failed)?;
    Ok((SqlxSqliteConnector::from_sqlx_sqlite_pool(write), SqlxSqliteConnector::from_sqlx_sqlite_pool(read)))
}

/// Connections of an embedded database do not go bad: they are neither tested nor retired.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}
