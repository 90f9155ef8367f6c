//! `cpor bench`.

use std::process::ExitCode;

pub use crate::bench::Args;

/// Measures.
///
/// # Errors
/// When the system does not start, or a call fails.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    super::block_on(crate::bench::run(args))?;
    Ok(ExitCode::SUCCESS)
}
