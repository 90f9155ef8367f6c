//! SQLite connection pools.
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use cpor_process::private_files;
use cpor_types::Service;
use sea_orm::{
    DatabaseConnection, SqlxSqliteConnector,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::OpenError;

/// The number of connections for reading. Reads use the processor rather than wait for the disk, so
/// a few connections are enough.
const READERS: u32 = 4;
/// The maximum time that a statement waits for the lock of another process, such as a backup or an
/// operator's shell.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum time that a task waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// Returns the path of the SQLite file of a service in a data directory.
#[must_use]
pub fn file(directory: &Path, service: Service) -> PathBuf {
    directory.join(format!("{}.sqlite", service.as_str()))
}

/// Opens the write pool and then the read pool. Creates the file if it does not exist, readable by
/// its owner only; SQLite gives its further files the same permissions.
pub(super) async fn open(file: &Path) -> Result<(DatabaseConnection, DatabaseConnection), OpenError> {
    let open_error = |source| OpenError::File { file: file.to_owned(), source };
    private_files::create_file(file).map_err(|error| open_error(error.into()))?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(512);
    let write_options = options.clone().create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
    let write = pool_options(1).connect_with(write_options).await.map_err(open_error)?;
    let read_options = options.create_if_missing(false).pragma("query_only", "ON");
    let read = pool_options(READERS).connect_with(read_options).await.map_err(open_error)?;
    Ok((SqlxSqliteConnector::from_sqlx_sqlite_pool(write), SqlxSqliteConnector::from_sqlx_sqlite_pool(read)))
}

/// Returns the options of a pool. Connections to an embedded database do not break, so they are
/// neither tested nor replaced.
fn pool_options(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}
