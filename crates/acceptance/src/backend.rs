//! The two databases that every test runs on, and the storage of one system.

use std::path::{Path, PathBuf};

use cpor_database::DatabaseConfig;
use cpor_process::config::SecretUrl;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};

/// The database that a system uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// SQLite, with one file for each service.
    Sqlite,
    /// The PostgreSQL server that `CPOR_TEST_POSTGRES` names, with one schema for each service in
    /// one database.
    Postgres,
}

/// The databases and folders of one system.
#[derive(Debug)]
pub struct TestStorage {
    backend: Backend,
    /// Contains a folder for each process, with its evidence and SQLite files, and a folder for
    /// mail.
    folder: tempfile::TempDir,
    /// The name of the PostgreSQL database, which is dropped in the end.
    database: Option<String>,
}

impl TestStorage {
    /// Creates an empty storage: folders, and on PostgreSQL an empty database.
    pub(crate) async fn empty(backend: Backend, name: String) -> Self {
        Self::create(backend, name, |name| format!("CREATE DATABASE \"{name}\"")).await
    }

    /// Copies `template`, with a data directory for each process. `name` is the name of the new
    /// database.
    pub(crate) async fn copy(template: &Self, name: String, processes: usize) -> Self {
        let from = template.database.clone().unwrap_or_default();
        let copy = |name: &str| format!("CREATE DATABASE \"{name}\" TEMPLATE \"{from}\"");
        let store = Self::create(template.backend, name, copy).await;
        for process in 0..processes {
            copy_files(&template.directory(0), &store.directory(process));
        }
        store
    }

    async fn create(backend: Backend, name: String, create_statement: impl Fn(&str) -> String) -> Self {
        let folder = tempfile::Builder::new()
            .prefix(&format!("cpor-test-{}-", std::process::id()))
            .tempdir_in(std::env::temp_dir())
            .expect("a temporary directory");
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => {
                execute_on_server(&create_statement(&name)).await;
                Some(name)
            }
        };
        Self { backend, folder, database }
    }

    /// The database that is used.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// The data directory of a process.
    #[must_use]
    pub fn directory(&self, process: usize) -> PathBuf {
        self.folder.path().join(format!("process-{process}"))
    }

    /// The directory of the mails, if there is no mail server.
    #[must_use]
    pub fn mail(&self) -> PathBuf {
        self.folder.path().join("mail")
    }

    /// The database configuration of a process.
    #[must_use]
    pub fn config(&self, process: usize) -> DatabaseConfig {
        let url = self.database.as_ref().map(|name| SecretUrl::new(database_url(name)));
        let schema = url.is_some().then(|| "{service}".to_owned());
        DatabaseConfig { directory: self.directory(process), url, schema, connections: 2 }
    }

    /// Drops the database and removes the folders.
    pub async fn close(self) {
        if let Some(name) = &self.database {
            drop_database(name).await;
        }
    }
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a data directory");
    for entry in std::fs::read_dir(from).expect("the template") {
        let entry = entry.expect("an entry of the template");
        if entry.file_type().expect("its type").is_dir() {
            copy_files(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy of a template file");
        }
    }
}

pub(crate) async fn drop_database(name: &str) {
    execute_on_server(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
}

/// Removes the folders and databases of earlier test runs whose process has ended. A run leaves its
/// templates behind, and everything if it is killed.
pub(crate) async fn remove_leftovers(backend: Backend) {
    for entry in std::fs::read_dir(std::env::temp_dir()).expect("the temporary directory").flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        if name.strip_prefix("cpor-test-").is_some_and(|rest| is_gone(rest.split('-').next())) {
            // The result is ignored because another test run may remove the same folder.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    match backend {
        Backend::Sqlite => {}
        Backend::Postgres => drop_leftovers().await,
    }
}

fn is_gone(process: Option<&str>) -> bool {
    process.is_some_and(|process| process.parse::<u32>().is_ok() && !Path::new("/proc").join(process).exists())
}

async fn drop_leftovers() {
    let connection = connect_to_server().await;
    let listing = "SELECT datname FROM pg_database WHERE datname LIKE 'cpor\\_test\\_%'";
    let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, listing);
    for row in connection.query_all_raw(statement).await.expect("the list of databases") {
        let name: String = row.try_get("", "datname").expect("a name");
        if is_gone(name.split('_').nth(2)) {
            drop_database(&name).await;
        }
    }
    connection.close().await.expect("to disconnect");
}

async fn execute_on_server(sql: &str) {
    let connection = connect_to_server().await;
    connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.close().await.expect("to disconnect");
}

async fn connect_to_server() -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(server_url());
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the PostgreSQL of CPOR_TEST_POSTGRES")
}

fn server_url() -> String {
    std::env::var("CPOR_TEST_POSTGRES").expect("CPOR_TEST_POSTGRES is not set: run `cargo xtask test`")
}

fn database_url(name: &str) -> String {
    let url = server_url();
    let (server, _) = url.rsplit_once('/').expect("CPOR_TEST_POSTGRES names a database");
    format!("{server}/{name}")
}
