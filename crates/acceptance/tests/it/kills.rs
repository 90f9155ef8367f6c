//! `kill -9` of the real process at random moments during walks: what was acknowledged is there afterwards, and every claim ends where it should.

mod process;
mod walker;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::TimeDelta;
use cpor_acceptance::{Backend, Template, TestClaim, TestStorage, TestSystem, to_timestamp};
use cpor_proto::{
    claims::v1::ClaimState,
    operations::v1::{AdvanceClockRequest, advance_clock_request::Target},
    r#type::v1::AssociationState,
};
use cpor_types::{Entropy as _, SeededEntropy, Service};
use futures_util::future::join_all;
use tokio::{sync::watch, time::Duration};

use self::{
    process::{Ports, Process},
    walker::{Progress, STEPS, Walker, once_each},
};

#[test]
fn acknowledged_steps_survive_kills_sqlite() {
    run(Backend::Sqlite);
}

#[test]
fn acknowledged_steps_survive_kills_postgres() {
    run(Backend::Postgres);
}

/// Walks at the same time.
const WALKS: usize = 3;

/// `CPOR_TEST_KILLS`, or 5.
fn kills() -> usize {
    std::env::var("CPOR_TEST_KILLS").map_or(5, |count| count.parse().expect("CPOR_TEST_KILLS is a number"))
}

/// `CPOR_TEST_SEED`, or another one each time.
fn seed() -> u64 {
    let chance = || (cpor_types::SystemEntropy.fraction() * 1e9) as u64;
    std::env::var("CPOR_TEST_SEED").map_or_else(|_| chance(), |seed| seed.parse().expect("CPOR_TEST_SEED is a number"))
}

fn run(backend: Backend) {
    let template = Template::for_backend(backend);
    let seed = seed();
    println!("kills on {backend:?}: CPOR_TEST_SEED={seed}");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut murder = Murder::plan(template.copy(1).await, seed).await;
        for kill in 0..kills() {
            murder.round(kill).await;
        }
        murder.close().await;
    });
}

/// A process, the walks in it, and when it is killed.
struct Murder {
    system: Arc<TestSystem>,
    process: Process,
    ports: Ports,
    /// How often the process was started; walkers wait for the next start when they lose it.
    started: watch::Sender<u64>,
    chance: SeededEntropy,
    interrupted: usize,
}

impl Murder {
    async fn plan(store: TestStorage, seed: u64) -> Self {
        let (ports, issuer) = (Ports::reserve(), process::issuer(&store));
        let process = Process::start(&store, &ports).await;
        let system = Arc::new(TestSystem::connect_to(store, issuer, &ports.url()));
        Self {
            system,
            process,
            ports,
            started: watch::Sender::new(1),
            chance: SeededEntropy::new(seed),
            interrupted: 0,
        }
    }

    /// A number below `limit`.
    fn below(&self, limit: usize) -> usize {
        (self.chance.fraction() * limit as f64) as usize
    }

    /// Some walks, one kill among them; then all of them must end official, each step done once.
    async fn round(&mut self, kill: usize) {
        let progress = Arc::new(Progress::default());
        let mut walks = Vec::new();
        for walk in 0..WALKS {
            let draft = self.system.presales().await;
            let walker =
                Walker::new(self.system.clone(), self.started.subscribe(), progress.clone(), format!("{kill}-{walk}"));
            walks.push(walker.walk(draft));
        }
        let (walked, ()) = tokio::join!(join_all(walks), self.strike(kill, &progress));
        self.interrupted += walked.iter().map(|walk| walk.interrupted).sum::<usize>();
        self.let_time_pass(kill % 5 == 4).await;
        for walk in walked {
            let case = TestClaim::existing(&self.system, &self.system.contoso, &walk.claim);
            let claim = case.claim().await;
            assert_eq!(
                (claim.state(), claim.association_state()),
                (ClaimState::Approved, AssociationState::Official),
                "{claim:#?}"
            );
            once_each(&case).await;
        }
    }

    /// One in three strikes when approvals are on their way: between hold and approval, with luck. One in five waits until time passes.
    async fn strike(&mut self, kill: usize, progress: &Progress) {
        match (kill % 5 == 4, kill % 3 == 1) {
            (true, _) => {}
            (false, true) => {
                self.strike_when(progress, |progress| progress.approving.load(Ordering::Relaxed) > 0).await
            }
            (false, false) => {
                let acknowledged = self.below(WALKS * STEPS);
                self.strike_when(progress, move |progress| progress.acknowledged() >= acknowledged).await;
            }
        }
    }

    async fn strike_when(&mut self, progress: &Progress, ripe: impl Fn(&Progress) -> bool) {
        let mut changes = progress.changes.subscribe();
        while !ripe(progress) {
            changes.changed().await.expect("walks go on");
        }
        // The moment of the fault, not a wait for anything.
        tokio::time::sleep(Duration::from_micros(self.below(8_000) as u64)).await;
        self.kill_and_restart().await;
        progress.check(&self.system).await;
    }

    async fn kill_and_restart(&mut self) {
        self.process.kill();
        self.process = Process::start(self.system.store(), &self.ports).await;
        self.system.reconnect(&self.ports.url());
        self.started.send_modify(|started| *started += 1);
    }

    /// Until every window has passed; with a kill on the way, time goes on from where it was.
    async fn let_time_pass(&mut self, kill: bool) {
        let until = self.system.now().await + TimeDelta::days(8);
        if kill {
            let mut operations = self.system.operator.operations(Service::ClaimIntake);
            let request = AdvanceClockRequest { target: Some(Target::ToTime(to_timestamp(until))) };
            let killed_on_the_way = async {
                tokio::time::sleep(Duration::from_micros(self.below(60_000) as u64)).await;
                self.kill_and_restart().await;
            };
            // Cut off in the middle, or done before.
            let (passed, ()) = tokio::join!(operations.advance_clock(request), killed_on_the_way);
            self.interrupted += usize::from(passed.is_err());
        }
        self.system.advance_to(until).await;
    }

    async fn close(mut self) {
        self.system.wait_until_idle().await;
        self.system.assert_all_delivered().await;
        println!("{} kills, {} calls were cut off", kills(), self.interrupted);
        self.process.kill();
        let system = Arc::into_inner(self.system).expect("nobody walks any more");
        system.into_store().await.close().await;
    }
}

/// Counts up and tells whoever waits for it.
fn count(counter: &AtomicUsize, changes: &watch::Sender<()>) {
    counter.fetch_add(1, Ordering::Relaxed);
    changes.send_replace(());
}
