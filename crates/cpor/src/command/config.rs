//! `cpor config`: prints or validates the configuration that a process would run with.

use std::process::ExitCode;

use crate::config::{Config, Sources};

/// Arguments of `cpor config`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

/// The subcommands of `cpor config`.
#[derive(clap::Subcommand)]
enum Action {
    /// Print the whole configuration as TOML, with default values and with masked secrets.
    Print {
        #[command(flatten)]
        sources: Sources,
    },
    /// Check the configuration, and print all errors.
    Validate {
        #[command(flatten)]
        sources: Sources,
    },
}

/// Prints or validates the configuration.
///
/// # Errors
/// Returns all errors of the configuration if it is invalid or cannot be read.
#[expect(clippy::print_stdout, reason = "the configuration is the output of the command")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.action {
        Action::Print { sources } => print!("{}", cpor_process::config::to_masked_toml(&Config::load(sources)?)?),
        Action::Validate { sources } => {
            Config::load(sources)?;
            println!("the configuration is valid");
        }
    }
    Ok(ExitCode::SUCCESS)
}
