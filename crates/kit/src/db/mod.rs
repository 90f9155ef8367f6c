//! One service's database: SQLite in a file of its own, or PostgreSQL.
//!
//! Writes and reads go through separate pools. On SQLite the writing pool is exactly one connection, because SQLite
//! has one writer anyway and waiting for a connection is fair where its lock is not.
mod error;
mod lock;
mod postgres;
mod sqlite;

use cpor_types::Service;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

pub use error::OpenError;
pub use lock::{DataDirLock, LockError};
pub use sqlite::file as sqlite_file;

use crate::config::DatabaseConfig;

/// Which database engine is underneath.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded one.
    Sqlite,
    /// The server.
    Postgres,
}

/// The two pools of one service's database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    engine: Engine,
    write: DatabaseConnection,
    read: DatabaseConnection,
    schema: Option<String>,
}

impl Db {
    /// Opens the database that the configuration gives to `service`. On SQLite the process must hold the
    /// [`DataDirLock`] of the directory.
    ///
    /// # Errors
    /// The file cannot be opened or the server cannot be reached.
    pub async fn open(config: &DatabaseConfig, service: Service) -> Result<Self, OpenError> {
        match &config.url {
            None => Self::sqlite(&sqlite_file(&config.directory, service)).await,
            Some(url) => {
                let own = |text: &str| text.replace("{service}", &service.as_str().replace('-', "_"));
                let schema = config.schema.as_deref().map(own);
                Self::postgres(&own(url.expose()), schema.as_deref(), config.connections).await
            }
        }
    }

    /// Opens an SQLite file, which is created if it is missing: write-ahead log, every commit on disk, foreign keys on.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub async fn sqlite(file: &std::path::Path) -> Result<Self, OpenError> {
        let (write, read) = sqlite::open(file).await?;
        Ok(Self { engine: Engine::Sqlite, write, read, schema: None })
    }

    /// Opens a PostgreSQL database, with `schema` as its search path, and up to `connections` connections for
    /// writing and as many again for reading.
    ///
    /// # Errors
    /// The URL is not one, or the server cannot be reached.
    pub async fn postgres(url: &str, schema: Option<&str>, connections: u32) -> Result<Self, OpenError> {
        let (write, read) = postgres::open(url, schema, connections).await?;
        Ok(Self { engine: Engine::Postgres, write, read, schema: schema.map(str::to_owned) })
    }

    /// Creates the configured PostgreSQL schema if it is missing, so that migrations have a place. Nothing else does
    /// this: at run time the role needs no right to.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn create_schema(&self) -> Result<(), DbErr> {
        match &self.schema {
            Some(schema) => postgres::create_schema(&self.write, schema).await,
            None => Ok(()),
        }
    }

    /// Which engine is underneath.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Begins a transaction that may write: BEGIN IMMEDIATE on SQLite, so that a read followed by a write cannot
    /// fail; on PostgreSQL a BEGIN alone, since the pool's connections begin every transaction as READ COMMITTED READ WRITE. Within it,
    /// await nothing but it.
    ///
    /// # Errors
    /// No connection within the pool's timeout, or the database refuses.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
        self.write
            .begin_with_options(TransactionOptions { sqlite_transaction_mode, ..TransactionOptions::default() })
            .await
    }

    /// The writing pool, for migrations and single statements. On SQLite it is one connection: never use it while a
    /// transaction of [`Db::begin`] is open in the same task.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.write
    }

    /// The reading pool; on SQLite its connections cannot write.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Closes both pools, waiting for what is in use.
    ///
    /// # Errors
    /// The engine's own.
    pub async fn close(self) -> Result<(), DbErr> {
        self.read.close().await?;
        self.write.close().await
    }
}

#[cfg(test)]
mod tests;
