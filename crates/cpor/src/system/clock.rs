//! Starts the business clock of each service, which deadlines and histories use. It shows real time
//! or is virtual (moved only by operators). A database keeps the kind of clock that it was created
//! with; with the other kind the process does not start.

use std::{fmt, sync::Arc};

use anyhow::Context as _;
use cpor_database::{DatabaseConfig, Db, Engine};
use cpor_durable::BusinessClock;
use cpor_types::Service;
use sea_orm_migration::sea_orm::{ConnectionTrait as _, DbErr, Statement};

use super::{ClockChoice, Settings};

/// The databases were created with the other kind of clock. Their deadlines and histories contain
/// times of that clock. With the present kind, years could seem to pass at once, or recorded times
/// could be in the future.
#[derive(Debug, thiserror::Error)]
enum ClockMismatch {
    #[error(
        "{0} was created with a virtual clock and cannot run in real time: start with a virtual clock \
         (`cpor dev --clock virtual`, `cpor serve --virtual-clock START`), or use {alternative}",
        alternative = .0.alternative()
    )]
    CreatedVirtual(MismatchedDatabases),
    #[error(
        "{0} was created in real time and cannot run with a virtual clock: start in real time \
         (without `--clock virtual` or `--virtual-clock`), or use {alternative}",
        alternative = .0.alternative()
    )]
    CreatedReal(MismatchedDatabases),
}

/// The databases that were created with the other kind of clock.
#[derive(Debug)]
struct MismatchedDatabases {
    database: DatabaseConfig,
    services: Vec<Service>,
}

impl MismatchedDatabases {
    /// Returns the storage that the user can choose instead. Removing the data is suggested only
    /// for a folder, because others may use a database on a server.
    fn alternative(&self) -> &'static str {
        if self.database.url.is_some() { "another database" } else { "another data directory (or remove this one)" }
    }
}

impl fmt::Display for MismatchedDatabases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.database.url {
            Some(url) => write!(f, "the database {}", url.masked())?,
            None => write!(f, "the data directory {}", self.database.directory.display())?,
        }
        let services: Vec<_> = self.services.iter().map(|service| service.as_str()).collect();
        write!(f, " ({})", services.join(", "))
    }
}

/// Checks that all databases were created with the configured kind of clock, then starts virtual
/// clocks that have not been started yet.
///
/// # Errors
/// Returns an error if a database was created with the other kind of clock. No clock is started
/// then.
pub(super) async fn start(settings: &Settings, databases: &[(Service, Db)]) -> anyhow::Result<()> {
    let mut services = Vec::new();
    for (service, db) in databases {
        let agrees = agrees_with_clock(settings.clock, db).await;
        if !agrees.with_context(|| format!("reading the clock of {service}"))? {
            services.push(*service);
        }
    }
    if !services.is_empty() {
        let databases = MismatchedDatabases { database: settings.config.database.clone(), services };
        return Err(match settings.clock {
            ClockChoice::Real => ClockMismatch::CreatedVirtual(databases),
            ClockChoice::Virtual { .. } => ClockMismatch::CreatedReal(databases),
        }
        .into());
    }
    if let ClockChoice::Virtual { start } = settings.clock {
        for (service, db) in databases {
            BusinessClock::Virtual
                .start(db, start)
                .await
                .with_context(|| format!("starting the clock of {service}"))?;
        }
    }
    Ok(())
}

/// Returns the business clock of a service with this database.
pub(super) fn business_clock(settings: &Settings, db: &Db) -> BusinessClock {
    match settings.clock {
        ClockChoice::Real => BusinessClock::real(db.engine(), Arc::clone(&settings.real_clock)),
        ClockChoice::Virtual { .. } => BusinessClock::Virtual,
    }
}

/// Returns whether the database was created with this kind of clock. An empty database can be used
/// with both kinds.
async fn agrees_with_clock(clock: ClockChoice, db: &Db) -> Result<bool, DbErr> {
    let is_virtual = match BusinessClock::Virtual.read(db.writer()).await {
        Ok(_) => true,
        Err(DbErr::RecordNotFound(_)) => false,
        Err(error) => return Err(error),
    };
    match clock {
        ClockChoice::Real => Ok(!is_virtual),
        ClockChoice::Virtual { .. } => Ok(is_virtual || is_empty(db).await?),
    }
}

/// Returns whether all tables except that of the migrations are empty. A database without a stored
/// clock is new if it is empty, and was created with a real clock otherwise.
async fn is_empty(db: &Db) -> Result<bool, DbErr> {
    let tables = match db.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Engine::Postgres => "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()",
    };
    let db = db.writer();
    let query = |sql: &str| Statement::from_string(db.get_database_backend(), sql);
    for row in db.query_all_raw(query(tables)).await? {
        let table: String = row.try_get("", "name")?;
        if table == "seaql_migrations" {
            continue;
        }
        if db.query_one_raw(query(&format!("SELECT 1 FROM \"{table}\" LIMIT 1"))).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
