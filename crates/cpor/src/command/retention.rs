//! `cpor retention`: erases personal data that is no longer needed.

use std::process::ExitCode;

pub use crate::retention::Args;

/// Erases the personal data of claims that ended long ago.
///
/// # Errors
/// Returns an error if the server cannot be called, or if a claim could not be erased.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    super::block_on(crate::retention::run(args))?;
    Ok(ExitCode::SUCCESS)
}
