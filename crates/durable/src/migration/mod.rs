//! The tables of this crate, which the database of every service contains, and migrations that
//! consist of SQL statements.
mod m20261121_000001_event_delivery;

use sea_orm_migration::{
    prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager},
    sea_orm::{ConnectionTrait, DbBackend},
};

/// Returns the migrations of this crate. A service runs them before its own.
#[must_use]
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(m20261121_000001_event_delivery::Migration)]
}

/// Lists migrations, in the order in which they run, as a `Vec<Box<dyn MigrationTrait>>`.
///
/// Each migration is a module that contains a constant `STATEMENTS`: see [`SqlMigration::new`]. The
/// name of the module is the name of the migration. It begins with a date and a number.
#[macro_export]
macro_rules! sql_migrations {
    ($($module:ident),+ $(,)?) => {
        vec![$($crate::SqlMigration::boxed(stringify!($module), $module::STATEMENTS)),+]
    };
}

/// A migration that executes SQL statements in one transaction.
pub struct SqlMigration {
    name: &'static str,
    statements: &'static [&'static str],
}

impl SqlMigration {
    /// Creates a migration.
    ///
    /// The placeholders `{uuid}`, `{json}`, `{bytes}` and `{text}` in the statements stand for types
    /// whose names differ between SQLite and PostgreSQL. `{text}` sorts by code points. Times are
    /// stored as microseconds since 1970-01-01 UTC, in columns of the type `BIGINT`.
    #[must_use]
    pub const fn new(name: &'static str, statements: &'static [&'static str]) -> Self {
        Self { name, statements }
    }

    /// Does the same as [`SqlMigration::new`], for a list of migrations.
    #[must_use]
    pub fn boxed(name: &'static str, statements: &'static [&'static str]) -> Box<dyn MigrationTrait> {
        Box::new(Self::new(name, statements))
    }
}

impl MigrationName for SqlMigration {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait needs the same signature as the trait, which elides the lifetime"
)]
impl MigrationTrait for SqlMigration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let types = if manager.get_database_backend() == DbBackend::Postgres {
            [("{uuid}", "UUID"), ("{json}", "JSONB"), ("{bytes}", "BYTEA"), ("{text}", "TEXT COLLATE \"C\"")]
        } else {
            [("{uuid}", "BLOB"), ("{json}", "TEXT"), ("{bytes}", "BLOB"), ("{text}", "TEXT")]
        };
        for statement in self.statements {
            let replace = |sql: String, (placeholder, name): (&str, &str)| sql.replace(placeholder, name);
            let sql = types.into_iter().fold((*statement).to_owned(), replace);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
