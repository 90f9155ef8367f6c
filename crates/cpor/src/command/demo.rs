//! `cpor demo`: starts a system, takes eleven claims through it, and prints every step.

use std::process::ExitCode;

use crate::demo::{self, Format};

/// Arguments of `cpor demo`.
#[derive(clap::Args)]
pub struct Args {
    /// Print one JSON object per line instead of a table.
    #[arg(long)]
    json: bool,
}

/// Runs the demo. The exit code is 1 if its results, such as the number of claims that were
/// approved, are not the expected ones.
///
/// # Errors
/// Returns an error if the system cannot be started or a step does not have the expected result.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    super::block_on(demo::run(if args.json { Format::Json } else { Format::Text }))
}
