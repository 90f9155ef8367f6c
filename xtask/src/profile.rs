//! `cargo xtask profile`: shows where a workload spends its CPU time.

use std::{
    fs::{self, File},
    process::Stdio,
};

use anyhow::{Context, Result, ensure};

use crate::{
    arguments::Workload,
    paths,
    postgres::{Cluster, Durability},
    shell::{cargo, command, find_on_path, print_line, print_step, run},
    tools,
};

/// The samples per second. The number is odd so that samples do not coincide with timers.
const FREQUENCY: &str = "497";
/// The duration of the workload.
const SECONDS: &str = "15";
/// How `perf` finds the callers of a function: by the unwind tables, in this number of bytes of the
/// stack. The frame pointers of optimised code are not usable.
const CALL_GRAPH: &str = "dwarf,16384";

/// Runs a workload of `cpor bench` under `perf`, and writes a flame graph. Client and server are
/// one process, so both are in it. PostgreSQL is not.
pub(crate) fn write_flame_graph(workload: Workload, on_postgres: bool) -> Result<()> {
    let perf = find_on_path("perf").context("perf is missing: install it (Debian: `apt-get install linux-perf`)")?;
    let inferno = tools::install_inferno()?;
    print_step("build");
    run(cargo().args(["build", "--profile", "profiling", "--package", "cpor"]))?;
    let database = if on_postgres { "postgres" } else { "sqlite" };
    let directory = paths::target()?.join("profile");
    fs::create_dir_all(&directory)?;
    let file = |extension| directory.join(format!("{}-{database}.{extension}", workload.name()));

    print_step(format_args!("{} on {database}", workload.name()));
    let cluster = on_postgres.then(|| Cluster::start(Durability::Full)).transpose()?;
    let mut record = command(&perf);
    // The machine may have no counter of cycles, so the samples are taken by a timer.
    record.args(["record", "--event", "cpu-clock", "--freq", FREQUENCY, "--call-graph", CALL_GRAPH, "--output"]);
    record.arg(file("perf")).arg("--").arg(paths::target()?.join("profiling/cpor")).arg("bench");
    record.args(["--work", workload.name(), "--rounds", "1", "--seconds", SECONDS]);
    if let Some(cluster) = &cluster {
        record.args(["--postgres", &cluster.url()]);
    }
    run(&mut record)?;
    drop(cluster);

    print_step("flame graph");
    // Without --no-inline, `perf` looks up every address in a process of its own.
    let mut script = command(&perf);
    script.args(["script", "--no-inline", "--input"]).arg(file("perf")).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut script = script.spawn().context("starting perf script")?;
    let samples = script.stdout.take().context("perf script has no output")?;
    run(command(inferno.join("inferno-collapse-perf")).stdin(samples).stdout(File::create(file("folded"))?))?;
    ensure!(script.wait()?.success(), "perf script failed");
    let title = format!("{} on {database}", workload.name());
    let mut graph = command(inferno.join("inferno-flamegraph"));
    run(graph.args(["--title", &title]).arg(file("folded")).stdout(File::create(file("svg"))?))?;
    fs::remove_file(file("perf"))?;
    print_line(format_args!("{}", file("svg").display()));
    Ok(())
}
