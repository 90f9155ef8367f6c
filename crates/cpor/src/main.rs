//! The `cpor` binary: runs the services, and provides commands for setting them up and trying them
//! out.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cpor::command::{
    bench, config, demo, dev, evidence, export, healthcheck, import, keys, migrate, retention, serve, submit, token,
    verify,
};

/// The allocator. Compared with the allocator of glibc, it took 8 % off the CPU time of a health
/// check and of a GetClaim (see docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Claiming Partner of Record: claims, reviews, consent, associations, eligibility.
#[derive(Parser)]
#[command(version, max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run all five services in one process on SQLite, with example partners, tenants and products,
    /// to try them out.
    Dev(dev::Args),
    /// Start a system, take eleven claims through it by its public API, and print every step.
    Demo(demo::Args),
    /// Run one or more services.
    Serve(serve::Args),
    /// Apply the pending migrations to the databases of the services.
    Migrate(migrate::Args),
    /// Print a bearer token for a user, signed with a key that `cpor keys` or `cpor dev` created.
    Token(token::Args),
    /// Create the keys that sign tokens and receipts, if they do not exist yet, for an installation
    /// without an identity provider of its own.
    Keys(keys::Args),
    /// Check that a running process is ready, for container runtimes.
    Healthcheck(healthcheck::Args),
    /// Create and update drafts of claims from a CSV, XLSX or JSON Lines file.
    Import(import::Args),
    /// Upload documents as evidence of many claims, as a CSV or XLSX file names them.
    Evidence(evidence::Args),
    /// Submit many drafts, as a CSV or XLSX file names them.
    Submit(submit::Args),
    /// Export claims to a CSV or JSON Lines file, which `cpor import` can read.
    Export(export::Args),
    /// Erase the personal data of claims that ended long ago.
    Retention(retention::Args),
    /// Measure how many calls per second this machine can serve.
    Bench(bench::Args),
    /// Verify a receipt (a signed proof of a claim's history), or all histories in a database,
    /// without a running system.
    Verify(verify::Args),
    /// Print or validate the configuration.
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
        Command::Evidence(args) => evidence::run(&args),
        Command::Submit(args) => submit::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Retention(args) => retention::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Config(args) => config::run(&args),
    };
    outcome.unwrap_or_else(|error| {
        print_error(&error);
        ExitCode::FAILURE
    })
}

#[expect(clippy::print_stderr, reason = "the error message of a command that failed")]
fn print_error(error: &anyhow::Error) {
    eprintln!("cpor: {}", error_message(error));
}

/// Returns the error and its causes, separated by colons. A cause is left out if the message before
/// it already ends with the same text.
fn error_message(error: &anyhow::Error) -> String {
    let mut message = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !message.ends_with(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_help_of_every_command() {
        let mut cpor = Cli::command().term_width(120);
        cpor.build();
        insta::assert_snapshot!("cpor", cpor.render_long_help());
        for command in cpor.get_subcommands_mut() {
            let name = command.get_name().to_owned();
            if name != "help" {
                insta::assert_snapshot!(format!("cpor_{name}"), command.render_long_help());
            }
        }
    }
}
