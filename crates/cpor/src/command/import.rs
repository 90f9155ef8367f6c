//! `cpor import`.

use std::process::ExitCode;

pub use crate::import::Args;

/// Imports; fails where a row was refused.
///
/// # Errors
/// When the file cannot be read or the server cannot be reached.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let taken = super::block_on(crate::import::run(args))?;
    Ok(if taken { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
