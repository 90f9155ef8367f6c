//! The business clock, by which deadlines and histories are dated. The transaction that decides a
//! command reads it once and decides by that reading (R47).
use std::sync::Arc;

use cpor_database::{Db, Engine};
use cpor_types::{Clock, Timestamp, truncate_to_micros};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, Statement,
    sea_query::{Expr, OnConflict},
};

use crate::entity::virtual_clock;

/// The clock that deadlines and histories use. It either shows real time (see
/// [`BusinessClock::real`]) or is virtual: then only an operator moves it.
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

    /// Returns whether the clock is virtual.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        match self {
            Self::Process(_) | Self::Database => false,
            Self::Virtual => true,
        }
    }

    /// Reads the business clock. A writer (the task that commits commands) calls this after its
    /// transaction has locked the aggregates (such as claims) that it decides about.
    ///
    /// # Errors
    /// Returns an error if the database fails, or if a virtual clock was never started.
    pub async fn read(&self, db: &impl ConnectionTrait) -> Result<Timestamp, DbErr> {
        let not_started = || DbErr::RecordNotFound("the virtual clock was never started".to_owned());
        match self {
            Self::Process(clock) => Ok(truncate_to_micros(clock.now())),
            Self::Database => {
                // Not now(), which is the time at which the transaction began. SeaORM has no
                // expression for it.
                let query = Statement::from_string(db.get_database_backend(), "SELECT clock_timestamp() AS time");
                db.query_one_raw(query).await?.ok_or_else(not_started)?.try_get("", "time")
            }
            Self::Virtual => {
                let row = virtual_clock::Entity::find_by_id(virtual_clock::ID).one(db).await?;
                row.map(|row| row.time).ok_or_else(not_started)
            }
        }
    }

    /// Reads the business clock outside of a transaction.
    ///
    /// # Errors
    /// Returns the same errors as [`BusinessClock::read`].
    pub async fn now(&self, db: &Db) -> Result<Timestamp, DbErr> {
        self.read(db.reader()).await
    }

    /// Starts a virtual clock at `start`, unless it was started before. Does nothing for other
    /// clocks.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn start(&self, db: &Db, start: Timestamp) -> Result<(), DbErr> {
        if self.is_virtual() {
            let row = virtual_clock::ActiveModel { id: Set(virtual_clock::ID), time: Set(start) };
            let unless_started = OnConflict::column(virtual_clock::Column::Id).do_nothing().to_owned();
            let insert = virtual_clock::Entity::insert(row).on_conflict(unless_started);
            insert.exec_without_returning(db.writer()).await?;
        }
        Ok(())
    }

    /// Moves a virtual clock forward to `to`, in one statement, and returns the time that the clock
    /// then shows. A clock that is not virtual, or that shows a later time than `to`, is not moved.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn advance(&self, db: &Db, to: Timestamp) -> Result<Timestamp, DbErr> {
        // Uses the pool of writers, because a connection of the pool of readers may not yet see the
        // latest time.
        let db = db.writer();
        if self.is_virtual() {
            use virtual_clock::{Column, Entity};
            let update = Entity::update_many().col_expr(Column::Time, Expr::value(to));
            let update = update.filter(Column::Id.eq(virtual_clock::ID)).filter(Column::Time.lt(to));
            if update.exec(db).await?.rows_affected > 0 {
                return Ok(to);
            }
        }
        self.read(db).await
    }
}
