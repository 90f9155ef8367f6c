//! `cargo xtask bench`: measures the throughput on both databases, with durable commits.
//! `cargo xtask microbench`: measures pure functions.

use anyhow::Result;

use crate::{
    paths,
    postgres::{Cluster, Durability},
    shell::{cargo, command, print_line, print_step, run},
};

/// Makes a release build, and runs its `bench` command on SQLite and on PostgreSQL.
pub(crate) fn measure_throughput() -> Result<()> {
    print_step("build");
    run(cargo().args(["build", "--release", "--package", "cpor"]))?;
    let cpor = paths::target()?.join("release/cpor");
    print_step("SQLite");
    run(command(&cpor).arg("bench"))?;
    print_step("PostgreSQL");
    let cluster = Cluster::start(Durability::Full)?;
    print_line(format_args!("{} at {}", cluster.version(), cluster.url()));
    run(command(&cpor).args(["bench", "--postgres", &cluster.url()]))
}

/// Runs the benchmarks of the package `cpor-microbench`.
pub(crate) fn measure_pure_functions() -> Result<()> {
    run(cargo().args(["bench", "--package", "cpor-microbench"]))
}
