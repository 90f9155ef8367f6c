//! `cargo xtask bench`: compares cpor with the limits of this machine and with other engines, on
//! both databases, with durable commits. `cargo xtask microbench` measures pure functions.
//!
//! A round measures everything once, one after the other, so that all figures of a round are made
//! under the same conditions. The report shows medians over the rounds, ratios, and whether each
//! ratio reaches its target.

mod captured;
mod claims_sql;
mod dbos;
mod figures;
mod pgbench;
mod product;
mod report;
mod restate;

use anyhow::Result;

use self::{dbos::Dbos, figures::Figures, pgbench::Pgbench, product::Product, restate::Restate};
use crate::{
    paths,
    postgres::{Cluster, Durability},
    shell::{cargo, print_line, print_step, run},
};

/// The number of rounds.
const ROUNDS: usize = 3;
/// The duration of each measurement, in seconds.
const SECONDS: usize = 5;
/// The number of claims that are carried from the draft to the assessment at the same time.
const CLAIMS_IN_FLIGHT: usize = 32;

/// Makes a release build, installs the other engines, and runs all rounds. Returns whether every
/// ratio reaches its target.
pub(crate) fn compare_with_peers() -> Result<bool> {
    print_step("build");
    run(cargo().args(["build", "--release", "--package", "cpor"]))?;
    let product = Product::new(&paths::target()?.join("release/cpor"));
    let (dbos, restate) = (Dbos::install()?, Restate::install()?);
    let cluster = Cluster::start(Durability::Full)?;
    print_line(format_args!("{} at {}", cluster.version(), cluster.url()));
    print_step("statements");
    let pgbench = Pgbench::capture(&cluster, &product)?;
    let mut figures = Figures::default();
    for round in 1..=ROUNDS {
        print_step(format_args!("round {round} of {ROUNDS}"));
        product.measure(&mut figures, "SQLite", None)?;
        product.measure(&mut figures, "PostgreSQL", Some(&cluster.create_database(&format!("round_{round}"))?))?;
        pgbench.measure(&mut figures)?;
        figures.add("DBOS", "whole claim", dbos.measure(&cluster.create_database(&format!("dbos_{round}"))?)?);
        figures.add("Restate", "whole claim", restate.measure()?);
    }
    print_step("result");
    report::write(&figures, cluster.version())
}

/// Runs the benchmarks of the package `cpor-microbench`.
pub(crate) fn measure_pure_functions() -> Result<()> {
    run(cargo().args(["bench", "--package", "cpor-microbench"]))
}
