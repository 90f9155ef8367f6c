//! Business time: the one clock by which commands and deadlines are judged (R47).
use std::sync::Arc;

use cpor_kit::{Db, Engine};
use cpor_types::{Clock, Timestamp, whole_micros};
use sea_orm::{ConnectionTrait, DbErr};

use crate::rows::{Micros, Sql};

/// A virtual clock's time.
pub(crate) const VIRTUAL: &str = "SELECT time FROM virtual_clock WHERE id = 1";

/// Where business time comes from. Real by [`BusinessClock::real`]; virtual when an operator moves it.
#[derive(Clone)]
pub enum BusinessClock {
    /// The process's clock, where the process is the only one.
    Process(Arc<dyn Clock>),
    /// The database server's clock, where several processes share the database.
    Database,
    /// A row of the service's database, which stands until an operator moves it forward, and survives restarts.
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
    /// Real time for a service on `engine`: the server's on PostgreSQL, `clock` on SQLite.
    #[must_use]
    pub fn real(engine: Engine, clock: Arc<dyn Clock>) -> Self {
        match engine {
            Engine::Sqlite => Self::Process(clock),
            Engine::Postgres => Self::Database,
        }
    }

    /// Whether an operator moves it.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        match self {
            Self::Process(_) | Self::Database => false,
            Self::Virtual => true,
        }
    }

    /// The time now. In a transaction that has locked what it decides about, this is the time of the decision.
    ///
    /// # Errors
    /// The database's; a virtual clock that was never started.
    pub async fn read(&self, db: &impl ConnectionTrait) -> Result<Timestamp, DbErr> {
        let query = match self {
            Self::Process(clock) => return Ok(whole_micros(clock.now())),
            // Not now(), which is when the transaction began; and cut to whole microseconds by the type itself.
            Self::Database => "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS time",
            Self::Virtual => VIRTUAL,
        };
        let mut sql = Sql::new(db.get_database_backend());
        sql.push(query);
        let row = db.query_one_raw(sql.statement()).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("the virtual clock was never started".to_owned()))?;
        Ok(row.try_get::<Micros>("", "time")?.into())
    }

    /// The time now, outside of a transaction.
    ///
    /// # Errors
    /// As [`BusinessClock::read`].
    pub async fn now(&self, db: &Db) -> Result<Timestamp, DbErr> {
        self.read(db.reader()).await
    }

    /// Starts a virtual clock at `start`, unless it was started before; other clocks run by themselves.
    ///
    /// # Errors
    /// The database's.
    pub async fn start(&self, db: &Db, start: Timestamp) -> Result<(), DbErr> {
        if self.is_virtual() {
            let mut sql = Sql::new(db.writer().get_database_backend());
            sql.push("INSERT INTO virtual_clock (id, time) VALUES (1, ").bind(Micros::from(start));
            sql.push(") ON CONFLICT (id) DO NOTHING");
            db.writer().execute_raw(sql.statement()).await?;
        }
        Ok(())
    }

    /// Moves a virtual clock to `to` if that lies ahead, in one statement. Answers the time then. Other clocks are not moved.
    ///
    /// # Errors
    /// The database's.
    pub async fn advance(&self, db: &Db, to: Timestamp) -> Result<Timestamp, DbErr> {
        // By the writing pool: a reader of a replica, or of an older snapshot, may not have seen it yet.
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
