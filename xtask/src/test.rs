//! All tests, on both databases, with one closing line that counts them.

use std::{
    io::{BufRead, BufReader},
    process::ExitStatus,
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::{
    paths,
    postgres::{Cluster, Commits},
    shell::{cargo, run, say, step},
    tally::Tally,
};

/// How often the tests that look for rare interleavings repeat themselves.
struct Counts {
    /// `CPOR_TEST_RACES`: pairs of claims approved at once for one key, on each database.
    races: u32,
    /// `CPOR_TEST_KILLS`: walks in which a process is killed at a random moment.
    kills: u32,
    /// `CPOR_TEST_STEPS`: random commands and waits, on each database, that a model of the rules judges beforehand.
    steps: u32,
}

const EVERY_DAY: Counts = Counts { races: 50, kills: 5, steps: 300 };
const FULL: Counts = Counts { races: 1000, kills: 100, steps: 10_000 };

/// Has no tests, and dependencies that nothing else has.
const CODE_GENERATOR: &str = "cpor-proto-codegen";

/// The integration tests that the counts matter to, by the modules (or names) they lie in.
const SOAKED: [&str; 4] = ["races", "kills", "soak", "sequences"];

/// Every test of the workspace, or those that match a filter. Answers whether all passed.
pub(crate) fn test(filters: &[String]) -> Result<bool> {
    let filters: Vec<&str> = filters.iter().map(String::as_str).collect();
    run_tests(&[], &filters, &EVERY_DAY)
}

/// The races, kills and random sequences alone, at the counts that a release is judged by. Answers whether all passed.
pub(crate) fn soak() -> Result<bool> {
    run_tests(&["--test", "*"], &SOAKED, &FULL)
}

fn run_tests(targets: &[&str], filters: &[&str], counts: &Counts) -> Result<bool> {
    step("build");
    // One build for all: the whole workspace with the tests' features, and the binaries that tests start as processes.
    // `cargo test` then finds everything fresh.
    run(cargo().args(["build", "--workspace", "--exclude", CODE_GENERATOR, "--bins", "--tests"]))?;
    step("PostgreSQL");
    let cluster = Cluster::start(Commits::Forgotten)?;
    say(format_args!("{} at {}", cluster.version(), cluster.socket_url()));
    step(format_args!("tests: {} races, {} kills, {} steps", counts.races, counts.kills, counts.steps));
    let started = Instant::now();
    let mut tally = Tally::default();
    let status = stream(&cluster, targets, filters, counts, &mut tally)?;
    drop(cluster);
    close(&tally, status, started)
}

/// Runs the tests; their output goes through the tally to the screen, line by line, both streams in their true order.
fn stream(
    cluster: &Cluster,
    targets: &[&str],
    filters: &[&str],
    counts: &Counts,
    tally: &mut Tally,
) -> Result<ExitStatus> {
    let (output, writer) = std::io::pipe()?;
    let mut child = cargo()
        .args(["test", "--workspace", "--exclude", CODE_GENERATOR, "--no-fail-fast"])
        .args(targets)
        .arg("--")
        .args(filters)
        .env("RUST_TEST_THREADS", threads().to_string())
        .env("TMPDIR", paths::scratch())
        .env("CPOR_TEST_POSTGRES", cluster.socket_url())
        .env("CPOR_TEST_BINARY", paths::target()?.join("debug/cpor"))
        .env("CPOR_TEST_RACES", counts.races.to_string())
        .env("CPOR_TEST_KILLS", counts.kills.to_string())
        .env("CPOR_TEST_STEPS", counts.steps.to_string())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .context("starting cargo test")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        tally.read(&line);
        say(line);
    }
    Ok(child.wait()?)
}

/// Tests at a time: most wait now and then for a process, and some for a dead process's lease, so that there are three times as many as
/// cores; no more than the cluster has connections for.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(3, |cores| 3 * cores.get()).min(24)
}

/// The table, then the summary as the very last line.
fn close(tally: &Tally, status: ExitStatus, started: Instant) -> Result<bool> {
    step(format_args!("tests ran for {} s", started.elapsed().as_secs()));
    say(tally);
    if status.success() && tally.passed() == 0 {
        bail!("no test ran: nothing matches");
    }
    if !status.success() && tally.failed() == 0 {
        bail!("cargo test failed ({status}) though no test did: see its output above");
    }
    say(tally.summary());
    Ok(status.success() && tally.failed() == 0)
}
