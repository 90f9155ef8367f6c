//! The tasks of the project: `cargo xtask <task>`. Developers and CI run the same tasks.
//!
//! A task installs the tools that it needs under `target/`. If root runs a task that needs
//! PostgreSQL, it installs PostgreSQL with apt. If a tool cannot be installed, the task fails with
//! a message that says what to install. No check is skipped silently.
#![expect(clippy::print_stdout, reason = "the output of a task goes to a person or to the log of CI")]

mod arguments;
mod bench;
mod ci;
mod deny;
mod deploy;
mod fuzz;
mod instructions;
mod paths;
mod postgres;
mod profile;
mod proto;
mod rules;
mod sbom;
mod shell;
mod tally;
mod test;
mod tools;

use std::process::ExitCode;

use arguments::Task;

fn main() -> ExitCode {
    let outcome = arguments::parse(std::env::args().skip(1)).and_then(run);
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a task. Returns false if tests failed, after printing their summary.
fn run(task: Task) -> anyhow::Result<bool> {
    match task {
        Task::Help => {
            println!("{}", arguments::HELP);
            Ok(true)
        }
        Task::Test { filters } => test::test_workspace(&filters),
        Task::Soak => test::run_soak_tests(),
        Task::Hostile => test::run_hostile_test().map(|()| true),
        Task::Bench => bench::compare_with_peers(),
        Task::Profile { workload, on_postgres } => profile::write_flame_graph(workload, on_postgres).map(|()| true),
        Task::Microbench => bench::measure_pure_functions().map(|()| true),
        Task::Instructions { update } => instructions::check_counts(update).map(|()| true),
        Task::Ci => ci::run_all_checks(),
        Task::Proto(options) => proto::check(&options).map(|()| true),
        Task::Rules => rules::check_rules_page().map(|()| true),
        Task::Deny => deny::check_dependencies().map(|()| true),
        Task::Deploy => deploy::check_deployment_files().map(|()| true),
        Task::Sbom => sbom::write_sbom().map(|()| true),
        Task::Advisories => deny::check_advisories().map(|()| true),
        Task::Fuzz { target, minutes } => fuzz::run_target(&target, minutes).map(|()| true),
    }
}
