//! `cpor config`: what a process would run with.

use std::process::ExitCode;

use crate::config::{Config, Sources};

/// Arguments of `cpor config`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Print the whole configuration as TOML, defaults included, secrets masked.
    Print {
        #[command(flatten)]
        sources: Sources,
    },
    /// Check it; every fault is named.
    Validate {
        #[command(flatten)]
        sources: Sources,
    },
}

/// Prints or checks.
///
/// # Errors
/// Every fault of the configuration at once.
#[expect(clippy::print_stdout, reason = "the configuration is what was asked for")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.verb {
        Verb::Print { sources } => print!("{}", cpor_kit::config::to_masked_toml(&Config::load(sources)?)?),
        Verb::Validate { sources } => {
            Config::load(sources)?;
            println!("the configuration is valid");
        }
    }
    Ok(ExitCode::SUCCESS)
}
