//! `cpor export`.

use std::process::ExitCode;

pub use crate::export::Args;

/// Exports.
///
/// # Errors
/// When the server refuses or cannot be reached, or the file cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    super::block_on(crate::export::run(args))?;
    Ok(ExitCode::SUCCESS)
}
