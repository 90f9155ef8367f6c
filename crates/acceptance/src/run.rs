//! Running a test on a database.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt as _;
use tokio::runtime::Builder;

use crate::{Backend, Setup, Template, World};

/// Boots a world, runs the test in it, and holds the world against what must be true of every one: nothing undelivered, nothing parked.
///
/// # Panics
/// When the test does, or the world has not come to rest.
pub fn run(backend: Backend, setup: fn() -> Setup, test: impl AsyncFn(&World)) {
    let template = Template::of(backend);
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let world = World::boot(template, setup()).await;
        let outcome = AssertUnwindSafe(test(&world)).catch_unwind().await;
        match outcome {
            Ok(()) => world.close().await,
            Err(panic) => {
                world.abandon().await;
                resume_unwind(panic);
            }
        }
    });
}

/// Makes of each `async fn name(world: &World)` two tests, `name::sqlite` and `name::postgres`. `with setup:` boots another [`Setup`]
/// than [`Setup::one_process`].
#[macro_export]
macro_rules! both_databases {
    (with $setup:ident: $($test:ident),+ $(,)?) => {$(
        mod $test {
            #[test]
            fn sqlite() {
                $crate::run($crate::Backend::Sqlite, $crate::Setup::$setup, super::$test);
            }

            #[test]
            fn postgres() {
                $crate::run($crate::Backend::Postgres, $crate::Setup::$setup, super::$test);
            }
        }
    )+};
    ($($test:ident),+ $(,)?) => { $crate::both_databases!(with one_process: $($test),+); };
}
