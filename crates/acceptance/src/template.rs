//! The template that every test starts from: migrated databases with the example directory. It is
//! created once for each test run and copied for each test.

use std::sync::OnceLock;

use cpor_testing::{Engine, remove_leftovers};
use cpor_types::Service;

use crate::{
    Setup, TestStorage, TestSystem,
    directory::{additional_rows, example_rows},
};

/// The storage of a migrated system that is idle.
#[derive(Debug)]
pub struct Template {
    store: TestStorage,
}

impl Template {
    /// The template of this test run for an engine.
    pub fn for_engine(engine: Engine) -> &'static Self {
        static SQLITE: OnceLock<Template> = OnceLock::new();
        static POSTGRES: OnceLock<Template> = OnceLock::new();
        let template = match engine {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        template.get_or_init(|| create(engine))
    }

    /// The engine of the template.
    pub(crate) fn engine(&self) -> Engine {
        self.store.engine()
    }

    /// Copies the template for one test, with a data directory for each process.
    pub async fn copy(&self, processes: usize) -> TestStorage {
        self.store.copy(processes).await
    }
}

/// Creates a template. It uses a runtime of its own, because the runtimes of the tests end earlier.
fn create(engine: Engine) -> Template {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let store = runtime.block_on(async {
        remove_leftovers(engine).await;
        let store = TestStorage::empty(engine).await;
        std::fs::create_dir_all(store.directory(0)).expect("a data directory");
        let mut config = cpor::Config::default();
        config.database = store.config(0);
        cpor::system::migrate(&config, Service::ALL).await.expect("the migrations");
        let system = TestSystem::on(store, Setup::one_process()).await;
        system.import_rows(example_rows()).await;
        system.import_rows(additional_rows()).await;
        system.wait_until_idle().await;
        system.into_store().await
    });
    Template { store }
}
