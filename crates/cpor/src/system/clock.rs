//! The business clock of each service, and the kind of clock that its database was made with.

use std::{fmt, sync::Arc};

use anyhow::Context as _;
use cpor_durable::BusinessClock;
use cpor_kit::{Db, Engine, config::DatabaseConfig};
use cpor_types::Service;
use sea_orm_migration::sea_orm::{ConnectionTrait as _, DbErr, Statement};

use super::{ClockChoice, Settings};

/// Deadlines and history are in the time of the clock that they were made with: under another one, years might pass at once, or
/// what has happened lie ahead.
#[derive(Debug, thiserror::Error)]
enum ClockMismatch {
    #[error(
        "{0} was made with a virtual clock and cannot go on in real time: start it with that clock (`cpor dev --clock virtual`, \
         `cpor serve --virtual-clock START`), or take {other}",
        other = .0.other()
    )]
    MadeVirtual(Place),
    #[error(
        "{0} was made in real time and cannot go on with a virtual clock: start it in real time (without `--clock virtual` or \
         `--virtual-clock`), or take {other}",
        other = .0.other()
    )]
    MadeReal(Place),
}

/// The databases that disagree with the clock.
#[derive(Debug)]
struct Place {
    database: DatabaseConfig,
    services: Vec<Service>,
}

impl Place {
    /// What to start instead. Removing is for directories alone: what is on a server may be of use to others.
    fn other(&self) -> &'static str {
        if self.database.url.is_some() { "another database" } else { "another data directory (or remove this one)" }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.database.url {
            Some(url) => write!(f, "the database {}", url.masked())?,
            None => write!(f, "the data directory {}", self.database.directory.display())?,
        }
        let services: Vec<_> = self.services.iter().map(|service| service.as_str()).collect();
        write!(f, " ({})", services.join(", "))
    }
}

/// Starts the virtual clocks that never ran, if the clocks are to be virtual.
///
/// # Errors
/// When a database was made with the other kind of clock; then none is started.
pub(super) async fn start(settings: &Settings, databases: &[(Service, Db)]) -> anyhow::Result<()> {
    let mut services = Vec::new();
    for (service, db) in databases {
        if !agrees(settings.clock, db).await.with_context(|| format!("the clock of {service}"))? {
            services.push(*service);
        }
    }
    if !services.is_empty() {
        let place = Place { database: settings.config.database.clone(), services };
        return Err(match settings.clock {
            ClockChoice::Real => ClockMismatch::MadeVirtual(place),
            ClockChoice::Virtual { .. } => ClockMismatch::MadeReal(place),
        }
        .into());
    }
    if let ClockChoice::Virtual { start } = settings.clock {
        for (service, db) in databases {
            BusinessClock::Virtual.start(db, start).await.with_context(|| format!("the clock of {service}"))?;
        }
    }
    Ok(())
}

/// The clock of a service on this database.
pub(super) fn of(settings: &Settings, db: &Db) -> BusinessClock {
    match settings.clock {
        ClockChoice::Real => BusinessClock::real(db.engine(), Arc::clone(&settings.real_clock)),
        ClockChoice::Virtual { .. } => BusinessClock::Virtual,
    }
}

/// A database that holds nothing yet agrees with both.
async fn agrees(clock: ClockChoice, db: &Db) -> Result<bool, DbErr> {
    let made_virtual = match BusinessClock::Virtual.read(db.writer()).await {
        Ok(_) => true,
        Err(DbErr::RecordNotFound(_)) => false,
        Err(error) => return Err(error),
    };
    match clock {
        ClockChoice::Real => Ok(!made_virtual),
        ClockChoice::Virtual { .. } => Ok(made_virtual || is_empty(db).await?),
    }
}

/// Whether there is a row in no table but that of the migrations. Real time leaves no mark of its own.
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
