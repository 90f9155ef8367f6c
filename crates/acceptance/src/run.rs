//! Runs a test on a database.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt as _;
use tokio::runtime::Builder;

use cpor_testing::Engine;

use crate::{Setup, StorageTemplate, TestSystem};

/// Starts a system, runs the test on it, and checks that all events were delivered.
///
/// # Panics
/// Panics if the test panicked, or the system did not become idle.
pub fn run(engine: Engine, setup: fn() -> Setup, test: impl AsyncFn(&TestSystem)) {
    let template = StorageTemplate::for_engine(engine);
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let system = TestSystem::boot(template, setup()).await;
        let outcome = AssertUnwindSafe(test(&system)).catch_unwind().await;
        match outcome {
            Ok(()) => system.close().await,
            Err(panic) => {
                system.stop_after_failure().await;
                resume_unwind(panic);
            }
        }
    });
}

/// Defines two tests for each `async fn name(system: &TestSystem)`: `name::sqlite` and
/// `name::postgres`. With `with setup:` the system is started with that [`Setup`] instead of
/// [`Setup::one_process`].
#[macro_export]
macro_rules! both_databases {
    (with $setup:ident: $($test:ident),+ $(,)?) => {$(
        mod $test {
            #[test]
            fn sqlite() {
                $crate::run($crate::Engine::Sqlite, $crate::Setup::$setup, super::$test);
            }

            #[test]
            fn postgres() {
                $crate::run($crate::Engine::Postgres, $crate::Setup::$setup, super::$test);
            }
        }
    )+};
    ($($test:ident),+ $(,)?) => { $crate::both_databases!(with one_process: $($test),+); };
}
