//! Attacks a running process from one address and as one user, and measures what the others get.
//! `cargo xtask hostile` runs these tests on a release build; they need a quiet machine.

mod attacks;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cpor_acceptance::{CONTOSO, Engine, PDF, StorageTemplate, TestClaim, TestSystem};
use cpor_testing::user_token;
use cpor_types::Role;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
    task::JoinSet,
    time::{Instant, interval, sleep, timeout},
};

use self::attacks::{ATTACKS, Target, attack};
use crate::crash_tests::process::{Ports, Process, user_token_signer};

/// The address of everybody except the attacker.
const OTHER_ADDRESS: &str = "127.0.0.2";
const CONNECTIONS: usize = 2000;
/// The interval of the requests for the page: fewer than the ten a second that the page admits from
/// one address.
const PAGE_INTERVAL: Duration = Duration::from_millis(150);
/// The time after which a call or a page counts as failed.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

const MAX_PAGE_P99: Duration = Duration::from_secs(1);
const MAX_CALL_P99: Duration = Duration::from_millis(250);
/// The time from a submission until the review case is known.
const MAX_EVENT_TIME: Duration = Duration::from_secs(10);
const MAX_MEMORY_MIB: u64 = 512;

#[test]
#[ignore = "takes a minute and a quiet machine: cargo xtask hostile"]
fn hostile_connections_do_not_affect_others_sqlite() {
    run(Engine::Sqlite);
}

#[test]
#[ignore = "takes a minute and a quiet machine: cargo xtask hostile"]
fn hostile_connections_do_not_affect_others_postgres() {
    run(Engine::Postgres);
}

fn run(engine: Engine) {
    let seconds = std::env::var("CPOR_TEST_HOSTILE_SECONDS").map_or(60, |seconds| seconds.parse().unwrap());
    let template = StorageTemplate::for_engine(engine);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = template.copy(1).await;
        let (ports, issuer) = (Ports::reserve(), user_token_signer(&store));
        let process = Process::start(&store, &ports).await;
        let token = user_token(&issuer, "eve@contoso.example", Role::IncentivesUser, Some(CONTOSO));
        let others: IpAddr = OTHER_ADDRESS.parse().unwrap();
        let system = Arc::new(TestSystem::connect_from(store, issuer, &ports.url(), Some(others)));
        let draft = TestClaim::create_draft(&system, system.presales().await).await.unwrap();
        let (grpc, web) = (ports.grpc.address(), ports.web.address());
        let target = Target { grpc, web, token, claim: draft.name.clone(), connections: AtomicUsize::default() };
        let target = Arc::new(target);
        let idle = measure(&system, web, Duration::from_secs(5)).await;
        let mut attackers = JoinSet::new();
        for (kind, share) in ATTACKS {
            for _ in 0..share * CONNECTIONS / 20 {
                attackers.spawn(attack(kind, target.clone()));
            }
        }
        let attacked = measure(&system, web, Duration::from_secs(seconds)).await;
        attackers.abort_all();
        let memory = process_memory_mib(process.id(), "VmHWM");
        let opened = target.connections.load(Ordering::Relaxed);
        println!("{engine:?}: {CONNECTIONS} hostile connections, opened {opened} times, for {seconds} s");
        println!("{:<34}{:>12}{:>12}{:>12}", "", "idle", "attacked", "target");
        let mut misses = Vec::new();
        let mut row = |name: &str, idle: Duration, attacked: Duration, target: Duration| {
            println!("{name:<34}{idle:>12.1?}{attacked:>12.1?}{target:>12.1?}");
            misses.extend((attacked > target).then(|| name.to_owned()));
        };
        row("page, p99", percentile(&idle.pages), percentile(&attacked.pages), MAX_PAGE_P99);
        row("GetClaim of another company, p99", percentile(&idle.calls), percentile(&attacked.calls), MAX_CALL_P99);
        row("submission to review case, max", max(&idle.events), max(&attacked.events), MAX_EVENT_TIME);
        println!("{:<34}{:>12}{:>12}{:>12}", "peak memory, MiB", "", memory, MAX_MEMORY_MIB);
        println!(
            "{} pages, {} calls, {} submissions",
            attacked.pages.len(),
            attacked.calls.len(),
            attacked.events.len()
        );
        misses.extend((memory > MAX_MEMORY_MIB).then(|| "memory".to_owned()));
        assert!(misses.is_empty(), "missed: {misses:?}");
    });
}

/// The times that others waited.
#[derive(Default)]
struct Times {
    pages: Vec<Duration>,
    calls: Vec<Duration>,
    events: Vec<Duration>,
}

async fn measure(system: &Arc<TestSystem>, web: SocketAddr, duration: Duration) -> Times {
    let end = Instant::now() + duration;
    let case = TestClaim::create_draft(system, system.workloads()).await.unwrap();
    let pages = repeat(end, PAGE_INTERVAL, async || open_page(web).await.is_ok());
    let calls = repeat(end, Duration::from_millis(10), async || case.claim_as(&system.northwind).await.is_ok());
    let events = repeat(end, Duration::from_millis(500), async || submit(system).await);
    let (pages, calls, events) = tokio::join!(pages, calls, events);
    case.delete().await.unwrap();
    Times { pages, calls, events }
}

/// Repeats an action until the end. A failure counts as the time limit.
async fn repeat(end: Instant, every: Duration, action: impl AsyncFn() -> bool) -> Vec<Duration> {
    let (mut times, mut ticks) = (Vec::new(), interval(every));
    while Instant::now() < end {
        ticks.tick().await;
        let start = Instant::now();
        let succeeded = timeout(CALL_TIMEOUT, action()).await.unwrap_or(false);
        times.push(if succeeded { start.elapsed() } else { CALL_TIMEOUT });
    }
    times
}

async fn open_page(web: SocketAddr) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(OTHER_ADDRESS.parse().unwrap(), 0))?;
    let mut connection = socket.connect(web).await?;
    connection.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut page = String::new();
    connection.read_to_string(&mut page).await?;
    if page.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(std::io::ErrorKind::InvalidData.into()) }
}

/// Submits a claim of Northwind and waits until its review case is known: an event to poe-review,
/// and one back.
async fn submit(system: &TestSystem) -> bool {
    let claim = system.rival_of(&system.presales().await);
    let Ok(case) = TestClaim::create_draft(system, claim).await else { return false };
    if case.upload("proof.pdf", PDF).await.is_err() || case.submit().await.is_err() {
        return false;
    }
    while case.claim_as(&system.lead).await.is_ok_and(|claim| claim.review_case.is_empty()) {
        sleep(Duration::from_millis(20)).await;
    }
    true
}

fn percentile(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() * 99 / 100).copied().unwrap_or(CALL_TIMEOUT)
}

fn max(times: &[Duration]) -> Duration {
    times.iter().copied().max().unwrap_or(CALL_TIMEOUT)
}

/// A value of `/proc/{pid}/status`, in MiB.
fn process_memory_mib(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the state of the process");
    let line = status.lines().find(|line| line.starts_with(field)).expect("a value of the state");
    line.split_whitespace().nth(1).expect("a number").parse::<u64>().expect("a number") / 1024
}
