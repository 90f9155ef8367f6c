//! Runtimes with open PostgreSQL databases, which tests use one after another. To copy a database,
//! connect to it and plan its statements would take longer than most tests. A SQLite database is
//! opened faster than its rows are restored, so each test gets a new one.

use std::sync::{Mutex, PoisonError};

use cpor_database::{DatabaseConfig, Db, OpenError};
use cpor_testing::PostgresDatabase;
use cpor_types::Service;
use sea_orm::ConnectionTrait as _;
use tokio::runtime::Runtime;

use crate::{TestStorage, node::shut_down};

/// Copies the rows of all PostgreSQL tables to the schema `originals`, and creates a function that
/// restores them. The function disables the triggers of foreign keys, so the order of the tables is
/// free.
const KEEP_ORIGINALS: &str = r"
CREATE SCHEMA originals;
DO $do$
DECLARE
    t record;
    has_rows boolean;
    body text := '';
BEGIN
    FOR t IN
        SELECT schemaname AS s, tablename AS n, schemaname || '.' || tablename AS original FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'seaql_migrations'
    LOOP
        body := body || format('DELETE FROM %I.%I;', t.s, t.n);
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', t.s, t.n) INTO has_rows;
        IF has_rows THEN
            EXECUTE format('CREATE TABLE originals.%I AS TABLE %I.%I', t.original, t.s, t.n);
            body := body || format('INSERT INTO %I.%I TABLE originals.%I;', t.s, t.n, t.original);
        END IF;
    END LOOP;
    EXECUTE format(
        'CREATE FUNCTION originals.restore() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS %L',
        'BEGIN ' || body || 'END'
    );
END
$do$;
";

/// The databases that no test uses at the moment.
static IDLE: Mutex<Vec<(PostgresDatabase, WarmRuntime)>> = Mutex::new(Vec::new());

/// A runtime for one process, with the open databases of all services. The connections belong to
/// the runtime, so only tasks on it may use them.
#[derive(Debug)]
pub(crate) struct WarmRuntime {
    pub(crate) runtime: Runtime,
    pub(crate) databases: OpenDatabases,
}

/// The open databases of all services.
#[derive(Clone, Debug)]
pub(crate) struct OpenDatabases {
    /// The database of each service, open with the service's role.
    pub(crate) of_services: Vec<(Service, Db)>,
    /// The database of all services, open with the role that owns the tables.
    owner: Db,
}

impl WarmRuntime {
    /// Opens the databases of a storage.
    pub(crate) async fn open(store: &TestStorage, runtime: Runtime) -> Self {
        let one_connection = |config| DatabaseConfig { connections: 1, ..config };
        let (config, owner) = (one_connection(store.config(0)), one_connection(store.tables_config(0)));
        let open = async move {
            let mut of_services = Vec::new();
            for service in Service::ALL {
                of_services.push((*service, Db::open(&config, *service).await?));
            }
            let owner = Db::open(&owner, Service::Registry).await?;
            Ok::<_, OpenError>(OpenDatabases { of_services, owner })
        };
        let databases = runtime.spawn(open).await.expect("no panic").expect("the databases");
        Self { runtime, databases }
    }

    /// Returns a database that no test uses, with the rows of the template.
    pub(crate) fn take_idle() -> Option<(PostgresDatabase, Self)> {
        IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Restores the rows of the template in a database, and lets the next test use it.
    pub(crate) async fn keep_idle(self, postgres: PostgresDatabase) {
        let owner = self.databases.owner.clone();
        let restore = async move { owner.writer().execute_unprepared("SELECT originals.restore()").await };
        self.runtime.spawn(restore).await.expect("no panic").expect("the rows are restored");
        IDLE.lock().unwrap_or_else(PoisonError::into_inner).push((postgres, self));
    }

    /// Ends the runtime, and with it the connections.
    pub(crate) async fn shut_down(self) {
        shut_down(self.runtime).await;
    }
}

/// Prepares the PostgreSQL database of the template, so that its copies can be restored.
pub(crate) async fn keep_originals(store: &TestStorage) {
    let db = Db::open(&store.tables_config(0), Service::Registry).await.expect("the database");
    db.writer().execute_unprepared(KEEP_ORIGINALS).await.expect("a copy of all rows");
    db.close().await.expect("to close the database");
}
