//! `cpor keys`: creates the keys that sign tokens and receipts, for an installation without an
//! identity provider of its own.

use std::{path::PathBuf, process::ExitCode};

use crate::keys;

/// Arguments of `cpor keys`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder for the private keys `service.pem` (signs calls between services, and receipts of
    /// claim histories) and `user.pem` (signs users' tokens, see `cpor token`), for the keys
    /// `consent-sessions` of the consent page, and for the public keys that verify signatures:
    /// `receipt-jwks.json` and `jwks.json`.
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
