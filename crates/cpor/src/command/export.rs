//! `cpor export`: writes claims to a file.

use std::process::ExitCode;

pub use crate::export::Args;

/// Exports claims to a file or standard output.
///
/// # Errors
/// Returns an error if the server cannot be reached or refuses the call, or the file cannot be
/// written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    super::block_on(crate::export::run(args))?;
    Ok(ExitCode::SUCCESS)
}
