//! Tasks of the project, `cargo xtask <task>`: everything that a fresh machine, a developer and CI run, in one place.
//!
//! What a task needs and the machine lacks is installed under `target/` (or, for PostgreSQL as root, by apt); what cannot
//! be had is an error that says what to install. Nothing is skipped silently.
#![expect(clippy::print_stdout, reason = "a task runner talks to a person and to CI's log")]

mod bench;
mod ci;
mod deny;
mod deploy;
mod paths;
mod postgres;
mod proto;
mod rules;
mod shell;
mod tally;
mod test;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the project")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// All tests of the workspace on SQLite and on a throw-away PostgreSQL, with 50 races, 5 kills and 300 random steps.
    Test {
        /// Run only tests whose path contains one of these.
        filters: Vec<String>,
    },
    /// The races, the kills and the random steps at their full counts: 1000, 100 and 10,000.
    Soak,
    /// How many calls a second this machine serves, on SQLite and on a durable throw-away PostgreSQL: an optimised build, some minutes.
    Bench,
    /// Everything that must hold before a change lands, cheapest first; ends with `test`.
    Ci,
    /// The protos: format, lint, and compatibility with the last release.
    Proto(proto::Options),
    /// docs/rules.md: every rule of the domain is decided somewhere and has a test through the API.
    Rules,
    /// Licences, sources and banned crates of the dependency tree.
    Deny,
    /// docker-compose.yml, the Dockerfile and the Kubernetes manifests against their schemas.
    Deploy,
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `false` is a failure that has been told already, by the tests' own summary.
fn run(task: Task) -> anyhow::Result<bool> {
    match task {
        Task::Test { filters } => test::test(&filters),
        Task::Soak => test::soak(),
        Task::Bench => bench::bench().map(|()| true),
        Task::Ci => ci::ci(),
        Task::Proto(options) => proto::proto(&options).map(|()| true),
        Task::Rules => rules::rules().map(|()| true),
        Task::Deny => deny::deny().map(|()| true),
        Task::Deploy => deploy::deploy().map(|()| true),
    }
}
