//! The template that every test starts from: migrated databases with the example directory. It is
//! created once for each test run and copied for each test.

use std::sync::OnceLock;

use cpor_database::{Db, for_service};
use cpor_testing::{Engine, remove_leftovers};
use cpor_types::Service;
use sea_orm::ConnectionTrait as _;

use crate::{
    Setup, TestStorage, TestSystem,
    directory::{additional_rows, example_rows},
    node::new_runtime,
    storage::SERVICE_ROLE,
    warm_runtime::{WarmRuntime, keep_originals},
};

/// The storage of a migrated system that is idle. Each test gets a copy of it.
#[derive(Debug)]
pub struct StorageTemplate {
    store: TestStorage,
}

impl StorageTemplate {
    /// Returns the template of this test run for an engine.
    pub fn for_engine(engine: Engine) -> &'static Self {
        static SQLITE: OnceLock<StorageTemplate> = OnceLock::new();
        static POSTGRES: OnceLock<StorageTemplate> = OnceLock::new();
        let template = match engine {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        template.get_or_init(|| create(engine))
    }

    /// Returns the engine of the template.
    pub(crate) fn engine(&self) -> Engine {
        self.store.engine()
    }

    /// Returns a storage for one process that hosts all services. On PostgreSQL, its database is
    /// open in the returned runtime; an earlier test can have used both.
    pub(crate) async fn lease(&self) -> (TestStorage, Option<WarmRuntime>) {
        if self.engine() == Engine::Sqlite {
            return (self.copy(1).await, None);
        }
        if let Some((postgres, warm)) = WarmRuntime::take_idle() {
            return (self.store.copy_with(Some(postgres), 1), Some(warm));
        }
        let store = self.copy(1).await;
        let warm = WarmRuntime::open(&store, new_runtime(1)).await;
        (store, Some(warm))
    }

    /// Copies the template for one test, with a data directory for each process.
    pub async fn copy(&self, processes: usize) -> TestStorage {
        self.store.copy(processes).await
    }
}

/// Creates a template. It uses a runtime of its own, because the runtimes of the tests end earlier.
fn create(engine: Engine) -> StorageTemplate {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let store = runtime.block_on(async {
        remove_leftovers(engine).await;
        let store = TestStorage::empty(engine).await;
        std::fs::create_dir_all(store.directory(0)).expect("a data directory");
        let config = cpor::Config { database: store.tables_config(0), ..cpor::Config::default() };
        cpor::system::migrate(&config, Service::ALL).await.expect("the migrations");
        if engine == Engine::Postgres {
            create_roles(&config).await;
            cpor::system::grant(&config, Service::ALL, SERVICE_ROLE).await.expect("the rights of the services");
        }
        let system = TestSystem::start_on(store, None, Setup::one_process()).await;
        system.import_rows(example_rows()).await;
        system.import_rows(additional_rows()).await;
        system.wait_until_idle().await;
        let store = system.into_store().await;
        if engine == Engine::Postgres {
            keep_originals(&store).await;
        }
        store
    });
    StorageTemplate { store }
}

/// Creates the roles of the services. Another test run can do the same at the same time.
async fn create_roles(config: &cpor::Config) {
    for service in Service::ALL {
        let db = Db::open(&config.database, *service).await.expect("the database");
        let role = for_service(SERVICE_ROLE, *service);
        let create = format!(
            "DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        );
        db.writer().execute_unprepared(&create).await.expect("the role of a service");
        db.close().await.expect("to close the database");
    }
}
