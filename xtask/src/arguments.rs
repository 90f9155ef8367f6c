//! The command line of `cargo xtask`. It is parsed without a parser crate, because such a crate
//! would double the time for building this program, and every task waits for that build.

use anyhow::{Result, bail};

use crate::proto::Options;

/// The text of `cargo xtask --help`.
pub(crate) const HELP: &str = "\
Tasks of the project

Usage: cargo xtask <TASK>

Tasks:
  test [FILTER]...  Run all tests of the workspace on SQLite and on a temporary PostgreSQL, with 20
                    races of approvals, 3 killed processes and 150 random steps. With filters, run only
                    the tests whose path contains one of them
  soak              Run only the races, kills and random steps, at their full counts: 1000, 100 and
                    10,000, and restart two replicas of each service one after the other under load
  hostile           Attack a release build with 2000 hostile connections for a minute, on SQLite and on a
                    temporary PostgreSQL, and print how other callers are served. Needs a quiet machine
  bench             Compare cpor on SQLite and on a durable temporary PostgreSQL with pgbench, DBOS and
                    Restate on this machine, and fail if a ratio misses its target. Makes a release
                    build and installs the peers: 20 minutes on 2 processors. Needs a quiet machine
  profile WORKLOAD [DATABASE]
                    Write a flame graph of a workload of `cpor bench`: health-check, get-claim, create-claim
                    or whole-claim, on sqlite (default) or postgres. Needs `perf`
  microbench        Measure pure functions, such as deciding a submission, with optimisation
  instructions [--update]
                    Compare the processor instructions of these functions with the committed counts, or write
                    the counts. Needs `valgrind`; root installs it with apt
  ci                Run all checks that a change must pass, the fastest first; ends with `test`
  proto [OPTIONS]   Check the protos: format, lint, compatibility with the last release, and that the
                    generated code is current
          --fix       Format the protos in place first
          --generate  Generate the Rust code and the descriptor sets, instead of checking them
          --release   If all checks pass, write the descriptor set that later changes are compared to
  rules             Check that docs/rules.md names the code and an acceptance test for every rule
  deny              Check licences, sources and banned crates of the dependencies
  deploy            Check docker-compose.yml, the Dockerfile and the Kubernetes manifests against
                    their schemas
  sbom              Write the software bill of materials of the binary (CycloneDX) to target/cpor.cdx.json
  advisories        Look for known vulnerabilities of the dependencies (RustSec), before a release
  fuzz TARGET [MINUTES]
                    Run a fuzz target with random inputs, for 60 minutes by default: document_kind,
                    filter, mail, receipt, request, sheet or token
  help              Print this help

The tasks install the tools that they need under target/tools.";

/// A task with its arguments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Help,
    /// Run the tests whose path contains one of the filters, or all tests if there are none.
    Test {
        filters: Vec<String>,
    },
    /// Run the tests for rare interleavings at their full counts.
    Soak,
    /// Attack a process, and measure how other callers are served meanwhile.
    Hostile,
    Bench,
    /// Write a flame graph of a workload, on PostgreSQL or on SQLite.
    Profile {
        workload: Workload,
        on_postgres: bool,
    },
    Microbench,
    /// Compare the instructions of pure functions with the committed counts, or write the counts.
    Instructions {
        update: bool,
    },
    Ci,
    /// Check, format or release the protos.
    Proto(Options),
    Rules,
    Deny,
    Deploy,
    /// Write the software bill of materials.
    Sbom,
    /// Look for known vulnerabilities of the dependencies.
    Advisories,
    /// Run a fuzz target for this number of minutes, or for the default time.
    Fuzz {
        target: String,
        minutes: Option<u64>,
    },
}

/// A workload of `cpor bench`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Checks of the health service, which use no database.
    HealthCheck,
    /// Reads of a draft.
    GetClaim,
    /// Creations of drafts.
    CreateClaim,
    /// Whole claims, through all services.
    WholeClaim,
}

impl Workload {
    const ALL: [Self; 4] = [Self::HealthCheck, Self::GetClaim, Self::CreateClaim, Self::WholeClaim];

    /// Returns the name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::HealthCheck => "health-check",
            Self::GetClaim => "get-claim",
            Self::CreateClaim => "create-claim",
            Self::WholeClaim => "whole-claim",
        }
    }
}

/// Parses the arguments after the name of the program.
///
/// # Errors
/// Returns an error if the task or an argument is unknown, or if no task is given.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Task> {
    let arguments: Vec<String> = arguments.collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((task, rest)) = arguments.split_first() else { bail!("no task is given\n\n{HELP}") };
    if arguments.iter().any(|argument| ["--help", "-h"].contains(argument)) {
        return Ok(Task::Help);
    }
    let without_arguments = match *task {
        "test" => return Ok(Task::Test { filters: parse_filters(rest)? }),
        "proto" => return Ok(Task::Proto(parse_proto_options(rest)?)),
        "fuzz" => return parse_fuzz(rest),
        "profile" => return parse_profile(rest),
        "instructions" => return parse_instructions(rest),
        "help" => Task::Help,
        "soak" => Task::Soak,
        "hostile" => Task::Hostile,
        "bench" => Task::Bench,
        "microbench" => Task::Microbench,
        "ci" => Task::Ci,
        "rules" => Task::Rules,
        "deny" => Task::Deny,
        "deploy" => Task::Deploy,
        "sbom" => Task::Sbom,
        "advisories" => Task::Advisories,
        unknown => bail!("unknown task `{unknown}`; see `cargo xtask --help`"),
    };
    match rest.first() {
        None => Ok(without_arguments),
        Some(argument) => bail!("unexpected argument `{argument}` for `{task}`; see `cargo xtask --help`"),
    }
}

fn parse_filters(arguments: &[&str]) -> Result<Vec<String>> {
    if let Some(option) = arguments.iter().find(|argument| argument.starts_with('-')) {
        bail!("unexpected argument `{option}` for `test`; see `cargo xtask --help`");
    }
    Ok(arguments.iter().map(|&filter| filter.to_owned()).collect())
}

fn parse_fuzz(arguments: &[&str]) -> Result<Task> {
    let (target, minutes) = match arguments {
        [target] => (target, None),
        [target, minutes] => match minutes.parse() {
            Ok(minutes) => (target, Some(minutes)),
            Err(_) => bail!("the minutes must be a number, not `{minutes}`; see `cargo xtask --help`"),
        },
        _ => bail!("`fuzz` needs a target; see `cargo xtask --help`"),
    };
    Ok(Task::Fuzz { target: (*target).to_owned(), minutes })
}

fn parse_profile(arguments: &[&str]) -> Result<Task> {
    let (workload, database) = match arguments {
        [workload] => (workload, "sqlite"),
        [workload, database] => (workload, *database),
        _ => bail!("`profile` needs a workload; see `cargo xtask --help`"),
    };
    let known = Workload::ALL.into_iter().find(|known| known.name() == *workload);
    let Some(workload) = known else { bail!("unknown workload `{workload}`; see `cargo xtask --help`") };
    let on_postgres = match database {
        "sqlite" => false,
        "postgres" => true,
        unknown => bail!("the database must be sqlite or postgres, not `{unknown}`; see `cargo xtask --help`"),
    };
    Ok(Task::Profile { workload, on_postgres })
}

fn parse_instructions(arguments: &[&str]) -> Result<Task> {
    match arguments {
        [] => Ok(Task::Instructions { update: false }),
        ["--update"] => Ok(Task::Instructions { update: true }),
        _ => bail!("unexpected argument for `instructions`; see `cargo xtask --help`"),
    }
}

fn parse_proto_options(arguments: &[&str]) -> Result<Options> {
    let mut options = Options::default();
    for argument in arguments {
        match *argument {
            "--fix" => options.fix = true,
            "--generate" => options.generate = true,
            "--release" => options.release = true,
            unknown => bail!("unexpected argument `{unknown}` for `proto`; see `cargo xtask --help`"),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Task, String> {
        parse(line.split_whitespace().map(str::to_owned)).map_err(|error| error.to_string())
    }

    #[test]
    fn tasks_have_their_arguments() {
        assert_eq!(parse_line("soak"), Ok(Task::Soak));
        assert_eq!(parse_line("test"), Ok(Task::Test { filters: Vec::new() }));
        assert_eq!(parse_line("test races r22"), Ok(Task::Test { filters: vec!["races".into(), "r22".into()] }));
        let options = Options { fix: true, generate: false, release: true };
        assert_eq!(parse_line("proto --release --fix"), Ok(Task::Proto(options)));
        let fuzz = |minutes| Task::Fuzz { target: "token".into(), minutes };
        assert_eq!(parse_line("fuzz token"), Ok(fuzz(None)));
        assert_eq!(parse_line("fuzz token 5"), Ok(fuzz(Some(5))));
        let profile = |on_postgres| Task::Profile { workload: Workload::GetClaim, on_postgres };
        assert_eq!(parse_line("profile get-claim"), Ok(profile(false)));
        assert_eq!(parse_line("profile get-claim postgres"), Ok(profile(true)));
        for help in ["help", "--help", "-h", "proto --help"] {
            assert_eq!(parse_line(help), Ok(Task::Help));
        }
    }

    #[test]
    fn unknown_tasks_and_arguments_are_errors() {
        assert!(parse_line("").unwrap_err().contains("Usage: cargo xtask <TASK>"));
        for line in [
            "tests",
            "soak now",
            "proto --fxi",
            "test --release",
            "fuzz token long",
            "profile get-claim mysql",
            "profile lives",
        ] {
            let error = parse_line(line).unwrap_err();
            let wrong = line.split_whitespace().last().unwrap();
            assert!(error.contains(&format!("`{wrong}`")), "{error}");
        }
    }
}
