//! `cargo xtask test` and `cargo xtask soak`: run the tests on both databases. The last line of the
//! output contains the numbers of passed and failed tests. `cargo xtask hostile` attacks a process.

use std::{
    io::{BufRead, BufReader},
    process::ExitStatus,
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::{
    paths,
    postgres::{Cluster, Durability},
    shell::{cargo, print_line, print_step, run},
    tally::Tally,
};

/// The numbers of repetitions of tests that look for rare interleavings.
struct Repetitions {
    /// `CPOR_TEST_RACES`: the number of pairs of claims for the same subscription or workload that
    /// are approved concurrently, on each database.
    races: u32,
    /// `CPOR_TEST_KILLS`: the number of runs in which a process is killed at a random moment.
    kills: u32,
    /// `CPOR_TEST_STEPS`: the number of random commands and waits, on each database, whose results
    /// are compared with a model of the rules.
    steps: u32,
    /// `CPOR_TEST_RESTARTS`: `full` for the test of rolling restarts with ten processes.
    restarts: &'static str,
}

/// The repetitions of `cargo xtask test`.
const STANDARD: Repetitions = Repetitions { races: 20, kills: 3, steps: 150, restarts: "quick" };
/// The repetitions of `cargo xtask soak`.
const FULL: Repetitions = Repetitions { races: 1000, kills: 100, steps: 10_000, restarts: "full" };

/// A package without tests. It is excluded, because no other package needs its dependencies.
pub(crate) const CODE_GENERATOR: &str = "cpor-proto-codegen";

/// Filters for the integration tests that use the repetitions.
const SOAK_FILTERS: [&str; 5] = ["races", "kills", "soak", "sequences", "restarts"];

/// Runs all tests of the workspace, or those whose path contains a filter. Returns whether all
/// passed.
pub(crate) fn test_workspace(filters: &[String]) -> Result<bool> {
    let filters: Vec<&str> = filters.iter().map(String::as_str).collect();
    run_tests(&[], &filters, &STANDARD)
}

/// Runs only the races, kills, random steps and rolling restarts, with the repetitions that a
/// release requires. Returns whether all passed.
pub(crate) fn run_soak_tests() -> Result<bool> {
    run_tests(&["--test", "*"], &SOAK_FILTERS, &FULL)
}

/// Attacks a release build with hostile connections, on SQLite and on PostgreSQL, and prints how
/// other callers are served meanwhile.
///
/// # Errors
/// Returns an error if other callers are served worse than the test allows.
pub(crate) fn run_hostile_test() -> Result<()> {
    print_step("build");
    run(cargo().args(["build", "--release", "--package", "cpor"]))?;
    run(cargo().args(["build", "--workspace", "--exclude", CODE_GENERATOR, "--bins", "--tests"]))?;
    print_step("PostgreSQL");
    let cluster = Cluster::start(Durability::Full)?;
    print_step("hostile connections");
    run(cargo()
        .args(["test", "--workspace", "--exclude", CODE_GENERATOR, "--test", "it", "--"])
        .args(["hostile::", "--ignored", "--nocapture", "--test-threads", "1"])
        .env("TMPDIR", paths::scratch())
        .env("CPOR_TEST_POSTGRES", cluster.socket_url())
        .env("CPOR_TEST_BINARY", paths::target()?.join("release/cpor")))
}

fn run_tests(targets: &[&str], filters: &[&str], repetitions: &Repetitions) -> Result<bool> {
    print_step("build");
    // One build of the workspace, with the features of the tests, for the tests and for the
    // binaries that they start. `cargo test` then has nothing to build.
    run(cargo().args(["build", "--workspace", "--exclude", CODE_GENERATOR, "--bins", "--tests"]))?;
    print_step("PostgreSQL");
    let cluster = Cluster::start(Durability::None)?;
    print_line(format_args!("{} at {}", cluster.version(), cluster.socket_url()));
    print_step(format_args!(
        "tests: {} races, {} kills, {} steps",
        repetitions.races, repetitions.kills, repetitions.steps
    ));
    let started = Instant::now();
    let mut tally = Tally::default();
    let status = run_cargo_test(&cluster, targets, filters, repetitions, &mut tally)?;
    drop(cluster);
    print_results(&tally, status, started)
}

/// Runs `cargo test`, counts the results, and prints each line of the output. Standard output and
/// standard error share one pipe, so that their lines stay in order.
fn run_cargo_test(
    cluster: &Cluster,
    targets: &[&str],
    filters: &[&str],
    repetitions: &Repetitions,
    tally: &mut Tally,
) -> Result<ExitStatus> {
    let (output, writer) = std::io::pipe()?;
    let mut child = cargo()
        .args(["test", "--workspace", "--exclude", CODE_GENERATOR, "--no-fail-fast"])
        .args(targets)
        .arg("--")
        .args(filters)
        // A snapshot that is missing or differs is a failure, and the test writes no file.
        .env("INSTA_UPDATE", std::env::var("INSTA_UPDATE").unwrap_or_else(|_| "no".to_owned()))
        .env_remove("INSTA_FORCE_PASS")
        .env("RUST_TEST_THREADS", thread_count().to_string())
        .env("TMPDIR", paths::scratch())
        .env("CPOR_TEST_POSTGRES", cluster.socket_url())
        .env("CPOR_TEST_BINARY", paths::target()?.join("debug/cpor"))
        .env("CPOR_TEST_RACES", repetitions.races.to_string())
        .env("CPOR_TEST_KILLS", repetitions.kills.to_string())
        .env("CPOR_TEST_STEPS", repetitions.steps.to_string())
        .env("CPOR_TEST_RESTARTS", repetitions.restarts)
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .context("starting cargo test")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        tally.process_line(&line);
        print_line(line);
    }
    Ok(child.wait()?)
}

/// Returns the number of tests that run concurrently: three for each core, because tests often wait
/// for a process or a time limit. It is at most 24, because the cluster allows a limited number of
/// connections.
fn thread_count() -> usize {
    std::thread::available_parallelism().map_or(3, |cores| 3 * cores.get()).min(24)
}

/// Prints the table of results, and the summary as the last line. Returns whether all tests passed.
fn print_results(tally: &Tally, status: ExitStatus, started: Instant) -> Result<bool> {
    print_step(format_args!("tests ran for {} s", started.elapsed().as_secs()));
    print_line(tally);
    if status.success() && tally.passed() == 0 {
        bail!("no test ran: no test matches the filters");
    }
    if !status.success() && tally.failed() == 0 {
        bail!("cargo test failed ({status}), although no test failed: see its output above");
    }
    print_line(tally.summary());
    Ok(status.success() && tally.failed() == 0)
}
