//! `cpor`: one binary for every role that a process can have.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cpor::command::{bench, config, demo, dev, export, healthcheck, import, keys, migrate, serve, token, verify};

/// Claiming Partner of Record: claims, reviews, consent, associations, eligibility.
#[derive(Parser)]
#[command(version, max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run all five services in one process on SQLite, with an example directory: to try things out.
    Dev(dev::Args),
    /// Tell a story of nine claims through the public API of a system that is started for it.
    Demo(demo::Args),
    /// Run one or more services.
    Serve(serve::Args),
    /// Bring the databases of all services to the schema that this version needs.
    Migrate(migrate::Args),
    /// Print a bearer token.
    Token(token::Args),
    /// Make the keys that a small installation needs, those that are not there yet.
    Keys(keys::Args),
    /// Ask a running process whether it is ready.
    Healthcheck(healthcheck::Args),
    /// Import claims from a file.
    Import(import::Args),
    /// Export claims into a file, which can be imported.
    Export(export::Args),
    /// Measure how many calls a second this machine serves.
    Bench(bench::Args),
    /// Check a receipt of a claim's history, without any system.
    Verify(verify::Args),
    /// Show or check the configuration.
    Config(config::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Dev(args) => dev::run(args),
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(args),
        Command::Migrate(args) => migrate::run(&args),
        Command::Token(args) => token::run(&args),
        Command::Keys(args) => keys::run(&args),
        Command::Healthcheck(args) => healthcheck::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Config(args) => config::run(&args),
    };
    outcome.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::FAILURE
    })
}

#[expect(clippy::print_stderr, reason = "the last word of a command that failed")]
fn complain(error: &anyhow::Error) {
    eprintln!("cpor: {}", told(error));
}

/// The error and its causes, without those that the one before has told already.
fn told(error: &anyhow::Error) -> String {
    let mut told = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !told.ends_with(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}
