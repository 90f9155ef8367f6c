//! Databases on the PostgreSQL server that `CPOR_TEST_POSTGRES` names.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection};
use tokio::runtime::Builder;

/// The beginning of the name of every database and folder of a test. The process id follows, so
/// that those of ended processes are recognised.
pub(crate) const PREFIX: &str = "cpor_test_";

/// A PostgreSQL database. It is dropped with this value.
#[derive(Debug)]
pub struct PostgresDatabase {
    name: String,
}

impl PostgresDatabase {
    /// Creates an empty database.
    ///
    /// # Panics
    /// Panics if `CPOR_TEST_POSTGRES` is not set, or the server refuses.
    pub async fn create() -> Self {
        let name = unique_name();
        execute(&format!("CREATE DATABASE {name}")).await;
        Self { name }
    }

    /// Creates a copy of this database. Nothing may be connected to it.
    ///
    /// # Panics
    /// Panics if the server refuses.
    pub async fn copy(&self) -> Self {
        let name = unique_name();
        let connection = connect().await;
        // Copying the files takes half of the time that logging their pages takes. PostgreSQL 14
        // always copies the files and has no option for it.
        let has_strategies = "SELECT current_setting('server_version_num')::int >= 150000 AS has_strategies";
        let has_strategies = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, has_strategies);
        let row = connection.query_one_raw(has_strategies).await.expect("the version of the server").expect("one row");
        let strategy = if row.try_get("", "has_strategies").expect("a boolean") { "STRATEGY file_copy" } else { "" };
        let copy = format!("CREATE DATABASE {name} TEMPLATE {} {strategy}", self.name);
        connection.execute_unprepared(&copy).await.unwrap_or_else(|error| panic!("{copy}: {error}"));
        connection.close().await.expect("to disconnect");
        Self { name }
    }

    /// Returns the URL of the database.
    ///
    /// # Panics
    /// Panics if `CPOR_TEST_POSTGRES` has no path.
    #[must_use]
    pub fn url(&self) -> String {
        let url = server_url();
        let (server, _) = url.rsplit_once('/').expect("CPOR_TEST_POSTGRES names a database");
        format!("{server}/{}", self.name)
    }

    /// Drops the databases of processes that have ended.
    pub(crate) async fn drop_leftovers() {
        let connection = connect().await;
        let listing = format!("SELECT datname FROM pg_database WHERE starts_with(datname, '{PREFIX}')");
        let listing = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, listing);
        for row in connection.query_all_raw(listing).await.expect("the list of databases") {
            let name: String = row.try_get("", "datname").expect("a name");
            if is_of_ended_process(&name) {
                drop_database(&name).await;
            }
        }
        connection.close().await.expect("to disconnect");
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        // A thread of its own is needed, because a runtime cannot be started inside of another one.
        let thread = std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(drop_database(&name));
        });
        thread.join().expect("to drop the database");
    }
}

/// Returns whether a name that begins with [`PREFIX`] has the id of a process that has ended.
pub(crate) fn is_of_ended_process(name: &str) -> bool {
    let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next());
    process.is_some_and(|process| process.parse::<u32>().is_ok() && !Path::new("/proc").join(process).exists())
}

fn unique_name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{PREFIX}{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

async fn drop_database(name: &str) {
    execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
}

async fn execute(sql: &str) {
    let connection = connect().await;
    connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.close().await.expect("to disconnect");
}

async fn connect() -> DatabaseConnection {
    let mut options = ConnectOptions::new(server_url());
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the PostgreSQL of CPOR_TEST_POSTGRES")
}

fn server_url() -> String {
    std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`")
}
