//! `cpor keys`: what a small installation signs with.

use std::{path::PathBuf, process::ExitCode};

use crate::keys;

/// Arguments of `cpor keys`.
#[derive(clap::Args)]
pub struct Args {
    /// Where to put `service.pem` (signs calls between services, and receipts), `user.pem` (signs tokens, see `cpor token`), and what
    /// verifies them: `receipt-jwks.json` and `jwks.json`.
    directory: PathBuf,
}

/// Makes the missing ones and says which.
///
/// # Errors
/// When a file cannot be read or written.
#[expect(clippy::print_stdout, reason = "says what was made")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let made = keys::make_missing(&args.directory)?;
    for path in &made {
        println!("made {}", path.display());
    }
    if made.is_empty() {
        println!("all keys are there in {}", args.directory.display());
    }
    Ok(ExitCode::SUCCESS)
}
