//! The business clock. R47: a command is decided by one reading of this clock, taken in the
//! deciding transaction.
use std::sync::Arc;

use cpor_kit::{Db, Engine};
use cpor_types::{Clock, Timestamp, truncate_to_micros};
use sea_orm::{ConnectionTrait, DbErr};

use crate::rows::{Micros, Sql};

/// The query for the time of a virtual clock.
pub(crate) const VIRTUAL_TIME_QUERY: &str = "SELECT time FROM virtual_clock WHERE id = 1";

/// The clock that deadlines and histories use. It shows real time (see [`BusinessClock::real`]) or
/// is virtual, which means that only an operator moves it.
#[derive(Clone)]
pub enum BusinessClock {
    /// The clock of the process, for a database that only one process uses.
    Process(Arc<dyn Clock>),
    /// The clock of the database server, for a database that several processes share.
    Database,
    /// A row of the service's database. It keeps its time until an operator moves it forward, and
    /// survives restarts.
    Virtual,
}

impl std::fmt::Debug for BusinessClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Process(_) => "Process",
            Self::Database => "Database",
            Self::Virtual => "Virtual",
        })
    }
}

impl BusinessClock {
    /// Creates the clock that shows real time for a service on `engine`: the database server's
    /// clock on PostgreSQL, `clock` on SQLite.
    #[must_use]
    pub fn real(engine: Engine, clock: Arc<dyn Clock>) -> Self {
        match engine {
            Engine::Sqlite => Self::Process(clock),
            Engine::Postgres => Self::Database,
        }
    }

    /// Returns whether the clock is virtual, so that only an operator moves it.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        match self {
            Self::Process(_) | Self::Database => false,
            Self::Virtual => true,
        }
    }

    /// Reads the business time. The writer calls this in a transaction that has locked the
    /// aggregates it decides about.
    ///
    /// # Errors
    /// If the database fails, or if a virtual clock was never started.
    pub async fn read(&self, db: &impl ConnectionTrait) -> Result<Timestamp, DbErr> {
        let query = match self {
            Self::Process(clock) => return Ok(truncate_to_micros(clock.now())),
            // Not now(), which is the time at which the transaction began. The cast cuts to whole
            // microseconds.
            Self::Database => "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS time",
            Self::Virtual => VIRTUAL_TIME_QUERY,
        };
        let mut sql = Sql::new(db.get_database_backend());
        sql.push(query);
        let row = db.query_one_raw(sql.statement()).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("the virtual clock was never started".to_owned()))?;
        Ok(row.try_get::<Micros>("", "time")?.into())
    }

    /// Reads the business time outside of a transaction.
    ///
    /// # Errors
    /// As [`BusinessClock::read`].
    pub async fn now(&self, db: &Db) -> Result<Timestamp, DbErr> {
        self.read(db.reader()).await
    }

    /// Starts a virtual clock at `start`, unless it was started before. Does nothing for other
    /// clocks.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn start(&self, db: &Db, start: Timestamp) -> Result<(), DbErr> {
        if self.is_virtual() {
            let mut sql = Sql::new(db.writer().get_database_backend());
            sql.push("INSERT INTO virtual_clock (id, time) VALUES (1, ").bind(Micros::from(start));
            sql.push(") ON CONFLICT (id) DO NOTHING");
            db.writer().execute_raw(sql.statement()).await?;
        }
        Ok(())
    }

    /// Moves a virtual clock forward to `to`, in one statement, and returns the time that the clock
    /// then shows. A clock that is not virtual, or that shows a later time than `to`, is not moved.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn advance(&self, db: &Db, to: Timestamp) -> Result<Timestamp, DbErr> {
        // The pool of writers: a reader of a replica or of an older snapshot may not see the latest
        // time.
        let (db, to) = (db.writer(), Micros::from(to));
        if self.is_virtual() {
            let mut sql = Sql::new(db.get_database_backend());
            sql.push("UPDATE virtual_clock SET time = ").bind(to).push(" WHERE id = 1 AND time < ").bind(to);
            if db.execute_raw(sql.statement()).await?.rows_affected() > 0 {
                return Ok(to.into());
            }
        }
        self.read(db).await
    }
}
