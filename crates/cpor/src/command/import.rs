//! `cpor import`: creates claims from a file.

use std::process::ExitCode;

pub use crate::import::Args;

/// Imports claims. The exit code is 1 if a row was refused.
///
/// # Errors
/// Returns an error if the file cannot be read, or the server cannot be reached.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let all_accepted = super::block_on(crate::import::run(args))?;
    Ok(if all_accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
