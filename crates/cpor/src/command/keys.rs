//! `cpor keys`: creates and replaces the keys that sign tokens and receipts, for an installation
//! without an identity provider of its own.

use std::{path::PathBuf, process::ExitCode};

use crate::keys::{self, RotatedKey};

/// Arguments of `cpor keys`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder for the keys. `public/` gets the public keys: `jwks.json` (users),
    /// `service-jwks.json` (calls between services) and `receipt-jwks.json` (receipts of claim
    /// histories). A folder for each service gets its private key `service.pem`, `claim-intake/`
    /// also `receipt.pem`, and `customer-consent/` also `consent-sessions`, the keys for sessions
    /// of the consent page. `user.pem` signs users' tokens, see `cpor token`.
    directory: PathBuf,
    /// Replace the private key of this service, or that of `receipts`. The old public key stays
    /// accepted. Running processes read the new keys without a restart.
    #[arg(long, value_name = "SERVICE|receipts", conflicts_with = "retire")]
    rotate: Option<RotatedKey>,
    /// Remove the public keys of services whose private keys have been replaced. Do this when all
    /// processes have used the new keys for 5 minutes.
    #[arg(long)]
    retire: bool,
}

/// Creates the missing files, or replaces a key, and prints the paths of the changed files.
///
/// # Errors
/// Returns an error if a file cannot be read or written.
#[expect(clippy::print_stdout, reason = "the changed files are the output of the command")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let changed = match args.rotate {
        Some(key) => super::block_on(keys::rotate(&args.directory, key))?,
        None if args.retire => keys::retire(&args.directory)?,
        None => keys::create_missing(&args.directory)?,
    };
    for path in &changed {
        println!("wrote {}", path.display());
    }
    if changed.is_empty() {
        println!("nothing to change in {}", args.directory.display());
    }
    Ok(ExitCode::SUCCESS)
}
