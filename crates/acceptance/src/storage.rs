//! The storage of one system.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use cpor_database::DatabaseConfig;
use cpor_process::config::SecretUrl;
use cpor_testing::{Engine, PostgresDatabase, temporary_folder};

/// The PostgreSQL role of each service. All databases of the server share the roles.
pub(crate) const SERVICE_ROLE: &str = "cpor_test_{service}";

/// The databases and folders of one system, which are removed with this value. On SQLite each
/// service has a file. On PostgreSQL all services have one database, and each has a schema.
#[derive(Debug)]
pub struct TestStorage {
    /// Contains a folder for each process, with its evidence and SQLite files, and a folder for
    /// mail.
    folder: tempfile::TempDir,
    /// The database of all services; `None` on SQLite.
    postgres: Option<PostgresDatabase>,
    /// Whether the test got the right to change the tables themselves.
    has_owner: AtomicBool,
}

impl TestStorage {
    /// Creates an empty storage: folders, and on PostgreSQL an empty database.
    pub(crate) async fn empty(engine: Engine) -> Self {
        let postgres = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(PostgresDatabase::create().await),
        };
        Self { folder: temporary_folder(), postgres, has_owner: AtomicBool::new(false) }
    }

    /// Copies the storage, with a data directory for each process.
    pub(crate) async fn copy(&self, processes: usize) -> Self {
        let postgres = match &self.postgres {
            None => None,
            Some(postgres) => Some(postgres.copy().await),
        };
        self.copy_with(postgres, processes)
    }

    /// Copies the files of the storage. The copy gets this database.
    pub(crate) fn copy_with(&self, postgres: Option<PostgresDatabase>, processes: usize) -> Self {
        let copy = Self { folder: temporary_folder(), postgres, has_owner: AtomicBool::new(false) };
        for process in 0..processes {
            copy_files(&self.directory(0), &copy.directory(process));
        }
        copy
    }

    /// Returns the engine of the databases.
    #[must_use]
    pub fn engine(&self) -> Engine {
        if self.postgres.is_some() { Engine::Postgres } else { Engine::Sqlite }
    }

    /// Returns the data directory of a process.
    #[must_use]
    pub fn directory(&self, process: usize) -> PathBuf {
        self.folder.path().join(format!("process-{process}"))
    }

    /// Returns the path of the directory of the mails, if there is no mail server.
    #[must_use]
    pub fn mail(&self) -> PathBuf {
        self.folder.path().join("mail")
    }

    /// Returns the path of the Maildir with the reports of failed deliveries.
    #[must_use]
    pub fn bounces(&self) -> PathBuf {
        self.folder.path().join("bounces")
    }

    /// Returns the path of the folder of the key files, if the setup says that the system reads
    /// them.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    /// Returns the path of the file of the catalog, if the setup says that the system reads it.
    #[must_use]
    pub fn catalog(&self) -> PathBuf {
        self.folder.path().join("catalog.toml")
    }

    /// Returns the path of the file of the calendar `de`, if the setup has one.
    #[must_use]
    pub fn calendar_file(&self) -> PathBuf {
        self.folder.path().join("calendar.toml")
    }

    /// Returns the database configuration of a process. On PostgreSQL each service has a role of
    /// its own.
    #[must_use]
    pub fn config(&self, process: usize) -> DatabaseConfig {
        self.config_with(process, &format!("?options[role]={SERVICE_ROLE}"))
    }

    /// Returns the database configuration of the owner of the tables, who can migrate them. No
    /// other test uses the database afterwards.
    #[must_use]
    pub fn owner_config(&self, process: usize) -> DatabaseConfig {
        self.has_owner.store(true, Ordering::Relaxed);
        self.tables_config(process)
    }

    /// Returns the database configuration of the owner of the tables, for statements that change
    /// rows only.
    pub(crate) fn tables_config(&self, process: usize) -> DatabaseConfig {
        self.config_with(process, "")
    }

    /// Returns the PostgreSQL database for another test, unless its tables may have changed.
    /// Deletes the rest of the storage.
    pub(crate) fn into_database(self) -> Option<PostgresDatabase> {
        self.postgres.filter(|_| !self.has_owner.load(Ordering::Relaxed))
    }

    /// Returns the database configuration of a process. `parameters` are added to the PostgreSQL
    /// URL.
    fn config_with(&self, process: usize, parameters: &str) -> DatabaseConfig {
        let url = self.postgres.as_ref().map(|postgres| SecretUrl::new(postgres.url() + parameters));
        let schema = url.is_some().then(|| "{service}".to_owned());
        DatabaseConfig { directory: self.directory(process), url, schema, connections: 2 }
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
