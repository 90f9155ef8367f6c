//! First readings of speed, on both databases, with every commit durable.

use anyhow::Result;

use crate::{
    paths,
    postgres::{Cluster, Commits},
    shell::{cargo, command, run, say, step},
};

/// Builds the binary as it is released and has it measure itself.
pub(crate) fn bench() -> Result<()> {
    step("build");
    run(cargo().args(["build", "--release", "--package", "cpor"]))?;
    let cpor = paths::target()?.join("release/cpor");
    step("SQLite");
    run(command(&cpor).arg("bench"))?;
    step("PostgreSQL");
    let cluster = Cluster::start(Commits::Durable)?;
    say(format_args!("{} at {}", cluster.version(), cluster.url()));
    run(command(&cpor).args(["bench", "--postgres", &cluster.url()]))
}
