//! `cpor bench`: measures the throughput of this machine.

use std::process::ExitCode;

pub use crate::bench::Args;

/// Runs the measurements and prints the results.
///
/// # Errors
/// Returns an error if the system does not start or a call fails.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    super::block_on(crate::bench::run(args))?;
    Ok(ExitCode::SUCCESS)
}
