//! The template that every test starts from: migrated databases with the example directory. It is
//! created once for each test run and copied for each test.

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use cpor_types::Service;

use crate::{
    Backend, Setup, TestStorage, TestSystem,
    backend::remove_leftovers,
    directory::{additional_rows, example_rows},
};

/// The storage of a migrated system that is idle.
#[derive(Debug)]
pub struct Template {
    store: TestStorage,
    copies: AtomicUsize,
}

impl Template {
    /// The template of this test run for a database.
    pub fn for_backend(backend: Backend) -> &'static Self {
        static SQLITE: OnceLock<Template> = OnceLock::new();
        static POSTGRES: OnceLock<Template> = OnceLock::new();
        let template = match backend {
            Backend::Sqlite => &SQLITE,
            Backend::Postgres => &POSTGRES,
        };
        template.get_or_init(|| create(backend))
    }

    /// The database of the template.
    pub(crate) fn backend(&self) -> Backend {
        self.store.backend()
    }

    /// Copies the template for one test, with a data directory for each process.
    pub async fn copy(&self, processes: usize) -> TestStorage {
        let number = self.copies.fetch_add(1, Ordering::Relaxed);
        TestStorage::copy(&self.store, database_name(&number.to_string()), processes).await
    }
}

fn database_name(suffix: &str) -> String {
    format!("cpor_test_{}_{suffix}", std::process::id())
}

/// Creates a template. It uses a runtime of its own, because the runtimes of the tests end earlier.
fn create(backend: Backend) -> Template {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let store = runtime.block_on(async {
        remove_leftovers(backend).await;
        let store = TestStorage::empty(backend, database_name("template")).await;
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
    Template { store, copies: AtomicUsize::new(0) }
}
