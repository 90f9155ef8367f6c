//! The database of one service: SQLite in a file of its own, or PostgreSQL.
//!
//! Writes and reads use separate connection pools. On SQLite the write pool has exactly one
//! connection, because SQLite allows only one writer at a time. Tasks get a pool's connection in
//! the order in which they asked for it; SQLite's own lock has no such order.
mod config;
mod error;
mod lock;
mod postgres;
mod privileges;
mod sqlite;

use cpor_types::Service;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

pub use config::DatabaseConfig;
pub use error::OpenError;
pub use lock::{DataDirLock, LockError};
pub use privileges::AppendOnlyTable;
pub use sqlite::file as sqlite_file;

/// The database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, embedded in the process.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// Replaces `{service}` in a URL or in the name of a schema or role by the name of the service,
/// with underscores.
#[must_use]
pub fn for_service(text: &str, service: Service) -> String {
    text.replace("{service}", &service.as_str().replace('-', "_"))
}

/// The write pool and the read pool of the database of one service. Clones share the pools.
#[derive(Clone, Debug)]
pub struct Db {
    engine: Engine,
    /// The write pool.
    write: DatabaseConnection,
    /// The read pool.
    read: DatabaseConnection,
    /// The PostgreSQL schema with the tables of the service, if one is configured.
    schema: Option<String>,
}

impl Db {
    /// Opens the database that is configured for `service`. If it is SQLite, the process must hold
    /// the [`DataDirLock`] of the directory.
    ///
    /// # Errors
    /// Returns an error if the file cannot be opened or the server cannot be reached.
    pub async fn open(config: &DatabaseConfig, service: Service) -> Result<Self, OpenError> {
        match &config.url {
            None => Self::open_sqlite(&sqlite_file(&config.directory, service)).await,
            Some(url) => {
                let schema = config.schema.as_deref().map(|schema| for_service(schema, service));
                Self::open_postgres(&for_service(url.expose(), service), schema.as_deref(), config.connections).await
            }
        }
    }

    /// Opens an SQLite file, or creates it if it does not exist. It uses a write-ahead log, syncs
    /// every commit to disk and enforces foreign keys.
    ///
    /// # Errors
    /// Returns an error if the file cannot be opened.
    pub async fn open_sqlite(file: &std::path::Path) -> Result<Self, OpenError> {
        let (write, read) = sqlite::open(file).await?;
        Ok(Self { engine: Engine::Sqlite, write, read, schema: None })
    }

    /// Opens a PostgreSQL database with `schema` as its search path. Each of the two pools opens at
    /// most `connections` connections.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid or the server cannot be reached.
    pub async fn open_postgres(url: &str, schema: Option<&str>, connections: u32) -> Result<Self, OpenError> {
        let (write, read) = postgres::open(url, schema, connections).await?;
        Ok(Self { engine: Engine::Postgres, write, read, schema: schema.map(str::to_owned) })
    }

    /// Creates the configured PostgreSQL schema if it does not exist. Only migrations call it, so
    /// that the database role needs no right to create schemas when services run.
    ///
    /// # Errors
    /// Returns the error of the database.
    pub async fn create_schema(&self) -> Result<(), DbErr> {
        match &self.schema {
            Some(schema) => postgres::create_schema(&self.write, schema).await,
            None => Ok(()),
        }
    }

    /// Grants a PostgreSQL role what a service needs to run on the migrated tables of the current
    /// schema, and revokes everything else. The role can neither create nor change tables, and only
    /// add rows to `append_only` tables. The caller must own the tables.
    ///
    /// # Errors
    /// Returns the error of the database, for example if the role does not exist.
    pub async fn grant_to(&self, role: &str, append_only: &[AppendOnlyTable]) -> Result<(), DbErr> {
        match self.engine {
            Engine::Sqlite => Err(DbErr::Custom("SQLite has no roles".to_owned())),
            Engine::Postgres => privileges::grant(&self.write, role, append_only).await,
        }
    }

    /// Returns the engine of the database.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Begins a transaction that may write. Within the transaction, await nothing but its own
    /// statements.
    ///
    /// On SQLite this executes BEGIN IMMEDIATE, which takes the write lock at once, so that a write
    /// after a read cannot fail. On PostgreSQL it executes a plain BEGIN, because the connections
    /// of the pool are set to READ COMMITTED READ WRITE.
    ///
    /// # Errors
    /// Returns an error if no connection becomes available within the pool's timeout, or if the
    /// database refuses to begin a transaction.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
        self.write
            .begin_with_options(TransactionOptions { sqlite_transaction_mode, ..TransactionOptions::default() })
            .await
    }

    /// Returns the write pool, for migrations and single statements. On SQLite it has one
    /// connection, so a task must not use it while a transaction that the task began with
    /// [`Db::begin`] is open.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Returns the read pool. On SQLite its connections cannot write.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Closes both pools after the connections in use are returned.
    ///
    /// # Errors
    /// Returns the error of the database engine.
    pub async fn close(self) -> Result<(), DbErr> {
        self.read.close().await?;
        self.write.close().await
    }
}

#[cfg(test)]
mod tests;
