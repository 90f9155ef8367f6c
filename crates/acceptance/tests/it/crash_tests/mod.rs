//! Kills the real process with SIGKILL at random moments while clients work. After the restart
//! every acknowledged step must be there, and every claim must become official.
//!
//! `cargo xtask test` and `cargo xtask soak` select these tests by `kills` in their names.

pub(crate) mod process;
mod workflow;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::TimeDelta;
use cpor_acceptance::{Engine, StorageTemplate, TestClaim, TestStorage, TestSystem, to_timestamp};
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
    workflow::{Progress, STEPS, Workflow, assert_each_step_once},
};

#[test]
fn acknowledged_steps_survive_kills_sqlite() {
    run(Engine::Sqlite);
}

#[test]
fn acknowledged_steps_survive_kills_postgres() {
    run(Engine::Postgres);
}

/// The number of workflows that run concurrently.
const WORKFLOWS: usize = 3;

/// The number of kills: `CPOR_TEST_KILLS`, or 5.
fn kills() -> usize {
    std::env::var("CPOR_TEST_KILLS").map_or(5, |count| count.parse().expect("CPOR_TEST_KILLS is a number"))
}

/// The seed of the random moments: `CPOR_TEST_SEED`, or a random number.
fn seed() -> u64 {
    let random = || (cpor_types::SystemEntropy.fraction() * 1e9) as u64;
    std::env::var("CPOR_TEST_SEED").map_or_else(|_| random(), |seed| seed.parse().expect("CPOR_TEST_SEED is a number"))
}

fn run(engine: Engine) {
    let template = StorageTemplate::for_engine(engine);
    let seed = seed();
    println!("kills on {engine:?}: CPOR_TEST_SEED={seed}");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut test = KillTest::start(template.copy(1).await, seed).await;
        for round in 0..kills() {
            test.run_round(round).await;
        }
        test.close().await;
    });
}

/// A process that is killed while workflows call it.
struct KillTest {
    system: Arc<TestSystem>,
    process: Process,
    ports: Ports,
    /// The number of starts of the process. A workflow whose call fails waits for the next start.
    starts: watch::Sender<u64>,
    entropy: SeededEntropy,
    /// The number of calls that a kill interrupted.
    interrupted_calls: usize,
}

impl KillTest {
    async fn start(store: TestStorage, seed: u64) -> Self {
        let (ports, issuer) = (Ports::reserve(), process::user_token_signer(&store));
        let process = Process::start(&store, &ports).await;
        let system = Arc::new(TestSystem::connect_to(store, issuer, &ports.url()));
        Self {
            system,
            process,
            ports,
            starts: watch::Sender::new(1),
            entropy: SeededEntropy::new(seed),
            interrupted_calls: 0,
        }
    }

    /// A random number below `limit`.
    fn random_below(&self, limit: usize) -> usize {
        (self.entropy.fraction() * limit as f64) as usize
    }

    /// Runs some workflows and kills the process once. Then all claims must be official, with each
    /// step done once.
    async fn run_round(&mut self, round: usize) {
        let progress = Arc::new(Progress::default());
        let mut workflows = Vec::new();
        for number in 0..WORKFLOWS {
            let draft = self.system.presales().await;
            let id = format!("{round}-{number}");
            let workflow = Workflow::new(self.system.clone(), self.starts.subscribe(), progress.clone(), id);
            workflows.push(workflow.run(draft));
        }
        let kills_during_time = round % 5 == 4;
        let kill_during_workflows = async {
            if !kills_during_time {
                self.kill_during_workflows(round % 3 == 1, &progress).await;
            }
        };
        let (outcomes, ()) = tokio::join!(join_all(workflows), kill_during_workflows);
        self.interrupted_calls += outcomes.iter().map(|outcome| outcome.interrupted_calls).sum::<usize>();
        self.pass_consent_windows(kills_during_time).await;
        for outcome in outcomes {
            let case = TestClaim::existing(&self.system, &self.system.contoso, &outcome.claim);
            let claim = case.claim().await;
            let states = (claim.state(), claim.association_state());
            assert_eq!(states, (ClaimState::Approved, AssociationState::Official), "{claim:#?}");
            assert_each_step_once(&case).await;
        }
    }

    /// Kills the process while approvals are running, or after a random number of steps.
    async fn kill_during_workflows(&mut self, during_approval: bool, progress: &Progress) {
        if during_approval {
            self.kill_when(progress, |progress| progress.approving.load(Ordering::Relaxed) > 0).await;
        } else {
            let steps = self.random_below(WORKFLOWS * STEPS);
            self.kill_when(progress, move |progress| progress.acknowledged() >= steps).await;
        }
    }

    /// Kills the process up to 8 milliseconds after the progress meets a condition.
    async fn kill_when(&mut self, progress: &Progress, is_reached: impl Fn(&Progress) -> bool) {
        let mut changes = progress.changes.subscribe();
        while !is_reached(progress) {
            changes.changed().await.expect("the workflows are running");
        }
        // The sleep chooses the moment of the fault; nothing depends on its length.
        tokio::time::sleep(Duration::from_micros(self.random_below(8_000) as u64)).await;
        self.kill_and_restart().await;
        progress.assert_recorded(&self.system).await;
    }

    async fn kill_and_restart(&mut self) {
        self.process.kill();
        self.process = Process::start(self.system.store(), &self.ports).await;
        self.system.reconnect(&self.ports.url());
        self.starts.send_modify(|starts| *starts += 1);
    }

    /// Advances the clock beyond all consent windows. With `with_kill` the process is killed while
    /// the clock advances; time then continues from where it was.
    async fn pass_consent_windows(&mut self, with_kill: bool) {
        let until = self.system.now().await + TimeDelta::days(8);
        if with_kill {
            let mut operations = self.system.operator.operations(Service::ClaimIntake);
            let request =
                AdvanceClockRequest { target: Some(Target::ToTime(to_timestamp(until))), ..Default::default() };
            let kill = async {
                tokio::time::sleep(Duration::from_micros(self.random_below(60_000) as u64)).await;
                self.kill_and_restart().await;
            };
            // The call is interrupted, or has ended before the kill.
            let (advanced, ()) = tokio::join!(operations.advance_clock(request), kill);
            self.interrupted_calls += usize::from(advanced.is_err());
        }
        self.system.advance_to(until).await;
    }

    async fn close(mut self) {
        self.system.wait_until_idle().await;
        self.system.assert_all_delivered().await;
        println!("{} kills interrupted {} calls", kills(), self.interrupted_calls);
        self.process.kill();
        let system = Arc::into_inner(self.system).expect("all workflows have ended");
        drop(system.into_store().await);
    }
}

/// Increments a counter and notifies the watchers of `changes`.
fn increment(counter: &AtomicUsize, changes: &watch::Sender<()>) {
    counter.fetch_add(1, Ordering::Relaxed);
    changes.send_replace(());
}
