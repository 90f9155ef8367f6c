//! The database of one test, on SQLite or on PostgreSQL.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use cpor_database::{Db, Engine};
use sea_orm_migration::{MigrationTrait, SchemaManager};
use tempfile::TempDir;
use tokio::sync::{Mutex, OnceCell};

use crate::postgres::{PREFIX, PostgresDatabase, is_of_ended_process};

/// The number of connections of each PostgreSQL pool.
const CONNECTIONS: u32 = 8;

/// The migrated databases of this process, by engine and names of migrations. Copying one takes a
/// fraction of the time that the migrations take.
static TEMPLATES: LazyLock<Mutex<HashMap<String, TestDatabase>>> = LazyLock::new(Mutex::default);

/// The database and the folder of one test. Both are removed with the last clone.
#[derive(Clone, Debug)]
pub struct TestDatabase(Arc<Storage>);

/// The database and the folder that the clones of a [`TestDatabase`] share.
#[derive(Debug)]
struct Storage {
    /// Contains the files of the test, and the database on SQLite.
    folder: TempDir,
    engine: Engine,
    /// The PostgreSQL database. It is created on first use.
    postgres: OnceCell<PostgresDatabase>,
}

impl TestDatabase {
    /// Creates an empty database.
    ///
    /// # Panics
    /// Panics if the folder cannot be created.
    #[must_use]
    pub fn create(engine: Engine) -> Self {
        Self(Arc::new(Storage { folder: temporary_folder(), engine, postgres: OnceCell::new() }))
    }

    /// Opens the database, as each process does that uses it.
    ///
    /// # Panics
    /// Panics if the database cannot be opened; PostgreSQL needs `CPOR_TEST_POSTGRES`.
    pub async fn open(&self) -> Db {
        match self.0.engine {
            Engine::Sqlite => Db::open_sqlite(&self.sqlite_file()).await.expect("a SQLite file"),
            Engine::Postgres => {
                let postgres = self.0.postgres.get_or_init(PostgresDatabase::create).await;
                Db::open_postgres(&postgres.url(), None, CONNECTIONS).await.expect("the database")
            }
        }
    }

    /// Opens the database with the tables of a service. The database must be new.
    ///
    /// # Panics
    /// Panics if the database cannot be opened, or a migration fails.
    pub async fn migrated(&self, migrations: Vec<Box<dyn MigrationTrait>>) -> Db {
        let names: Vec<_> = migrations.iter().map(|migration| migration.name()).collect();
        let key = format!("{:?} {names:?}", self.0.engine);
        let template = {
            let mut templates = TEMPLATES.lock().await;
            match templates.get(&key) {
                Some(template) => template.clone(),
                None => {
                    let template = Self::template(self.0.engine, migrations).await;
                    templates.insert(key, template.clone());
                    template
                }
            }
        };
        match template.0.postgres.get() {
            None => drop(std::fs::copy(template.sqlite_file(), self.sqlite_file()).expect("a copy of the template")),
            Some(postgres) => self.0.postgres.set(postgres.copy().await).expect("a new database"),
        }
        self.open().await
    }

    /// Creates a migrated database to which nothing is connected.
    async fn template(engine: Engine, migrations: Vec<Box<dyn MigrationTrait>>) -> Self {
        // Values in statics are not dropped, so each process leaves its templates behind.
        remove_leftovers(engine).await;
        let template = Self::create(engine);
        let db = template.open().await;
        migrate(&db, migrations).await;
        db.close().await.expect("to close the template");
        template
    }

    /// Returns the engine of the database.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.0.engine
    }

    /// Returns a folder for the files of the test.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.0.folder.path()
    }

    fn sqlite_file(&self) -> PathBuf {
        self.folder().join("test.db")
    }
}

/// Creates a folder that [`remove_leftovers`] recognises.
///
/// # Panics
/// Panics if the folder cannot be created.
#[must_use]
pub fn temporary_folder() -> TempDir {
    let prefix = format!("{PREFIX}{}_", std::process::id());
    tempfile::Builder::new().prefix(&prefix).tempdir().expect("a temporary folder")
}

/// Removes the folders and databases of earlier test runs whose process has ended. A run leaves
/// everything behind if it is killed.
///
/// # Panics
/// Panics if the folder of temporary files cannot be read, or PostgreSQL refuses.
pub async fn remove_leftovers(engine: Engine) {
    for entry in std::fs::read_dir(std::env::temp_dir()).expect("the temporary folder").flatten() {
        if is_of_ended_process(&entry.file_name().to_string_lossy()) {
            // The result is ignored because another test run may remove the same folder.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    match engine {
        Engine::Sqlite => {}
        Engine::Postgres => PostgresDatabase::drop_leftovers().await,
    }
}

/// Applies migrations in their order.
///
/// # Panics
/// Panics if a migration fails.
pub async fn migrate(db: &Db, migrations: Vec<Box<dyn MigrationTrait>>) {
    for migration in migrations {
        let applied = migration.up(&SchemaManager::new(db.writer())).await;
        applied.unwrap_or_else(|error| panic!("{}: {error}", migration.name()));
    }
}

/// Runs a test on a new database. `setup` makes the argument of the test.
pub async fn run_on<T>(engine: Engine, setup: impl AsyncFnOnce(&TestDatabase) -> T, test: impl AsyncFnOnce(T)) {
    let database = TestDatabase::create(engine);
    let system = setup(&database).await;
    test(system).await;
}

/// Defines two tests for each `async fn name(system: TestSystem)`: `name::sqlite` and
/// `name::postgres`. The argument is made by `TestSystem::new`, or by the function after `with`,
/// which gets a [`TestDatabase`]:
///
/// ```ignore
/// on_both_databases![r4_partners_see_their_own_claims, r38_a_line_is_claimed_once];
/// on_both_databases![with empty_tables: a_row_without_its_parent_is_refused];
/// ```
#[macro_export]
macro_rules! on_both_databases {
    (with $($setup:ident)::+: $($test:ident),+ $(,)?) => {
        $crate::on_both_databases!(@all [super::$($setup)::+] $($test)+);
    };
    ($($test:ident),+ $(,)?) => {
        $crate::on_both_databases!(@all [super::TestSystem::new] $($test)+);
    };
    (@all $setup:tt $($test:ident)+) => {
        $($crate::on_both_databases!(@one $setup $test);)+
    };
    (@one [$($setup:tt)+] $test:ident) => {
        mod $test {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                $crate::run_on($crate::Engine::Sqlite, $($setup)+, super::$test).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                $crate::run_on($crate::Engine::Postgres, $($setup)+, super::$test).await;
            }
        }
    };
}
