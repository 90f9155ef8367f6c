//! `cpor keys`: creates the signing keys of a small installation.

use std::{path::PathBuf, process::ExitCode};

use crate::keys;

/// Arguments of `cpor keys`.
#[derive(clap::Args)]
pub struct Args {
    /// Directory for `service.pem` (signs calls between services, and receipts), `user.pem` (signs
    /// users' tokens, see `cpor token`), and the public keys that verify them: `receipt-jwks.json`
    /// and `jwks.json`.
    directory: PathBuf,
}

/// Creates the missing files, and prints their paths.
///
/// # Errors
/// Returns an error if a file cannot be read or written.
#[expect(clippy::print_stdout, reason = "the created files are the output of the command")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let changed = keys::create_missing(&args.directory)?;
    for path in &changed {
        println!("wrote {}", path.display());
    }
    if changed.is_empty() {
        println!("all keys exist in {}", args.directory.display());
    }
    Ok(ExitCode::SUCCESS)
}
