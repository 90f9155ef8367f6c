//! `cpor submit`: submits the drafts of claims that a sheet (a CSV or XLSX file) names, one in each
//! row.

use std::process::ExitCode;

pub use crate::submit::Args;

/// Submits the drafts to review. The exit code is 1 if a row was refused.
///
/// # Errors
/// Returns an error if the sheet cannot be read, or the server cannot be reached.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let all_accepted = super::block_on(crate::submit::run(args))?;
    Ok(if all_accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
