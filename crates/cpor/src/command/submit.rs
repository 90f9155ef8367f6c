//! `cpor submit`: submits the drafts that a sheet names.

use std::process::ExitCode;

pub use crate::submit::Args;

/// Submits drafts. The exit code is 1 if a row was refused.
///
/// # Errors
/// Returns an error if the sheet cannot be read, or the server cannot be reached.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let all_accepted = super::block_on(crate::submit::run(args))?;
    Ok(if all_accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
