//! The system as every test finds it: migrated, with the directory loaded. Made once for each run of the tests and copied.

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use cpor_types::Service;

use crate::{
    Backend, Setup, Store, World,
    backend::remove_leftovers,
    directory::{example, more},
};

/// A migrated system, at rest.
#[derive(Debug)]
pub struct Template {
    store: Store,
    copies: AtomicUsize,
}

impl Template {
    /// The template of this run for an engine.
    pub fn of(backend: Backend) -> &'static Self {
        static SQLITE: OnceLock<Template> = OnceLock::new();
        static POSTGRES: OnceLock<Template> = OnceLock::new();
        let template = match backend {
            Backend::Sqlite => &SQLITE,
            Backend::Postgres => &POSTGRES,
        };
        template.get_or_init(|| make(backend))
    }

    /// The engine.
    pub(crate) fn backend(&self) -> Backend {
        self.store.backend()
    }

    /// A copy for one test, with a data directory for each process.
    pub async fn copy(&self, processes: usize) -> Store {
        let number = self.copies.fetch_add(1, Ordering::Relaxed);
        Store::copy(&self.store, name(&number.to_string()), processes).await
    }
}

fn name(which: &str) -> String {
    format!("cpor_test_{}_{which}", std::process::id())
}

/// On a runtime of its own, since no test's runtime lives as long as the template.
fn make(backend: Backend) -> Template {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let store = runtime.block_on(async {
        remove_leftovers(backend).await;
        let store = Store::empty(backend, name("template")).await;
        std::fs::create_dir_all(store.directory(0)).expect("a data directory");
        let mut config = cpor::Config::default();
        config.database = store.config(0);
        cpor::system::migrate(&config, Service::ALL).await.expect("the migrations");
        let world = World::on(store, Setup::one_process()).await;
        world.import(example()).await;
        world.import(more()).await;
        world.settle().await;
        world.into_store().await
    });
    Template { store, copies: AtomicUsize::new(0) }
}
