//! `cpor verify`: verifies a receipt (a signed proof of a claim's history) without a network.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;

use crate::verify::{self, VerifyError};

/// Arguments of `cpor verify`.
#[derive(clap::Args)]
pub struct Args {
    /// File with the response of the RPC `ExportClaimReceipt` as JSON: its messages, one after the
    /// other.
    receipt: PathBuf,
    /// File with the public keys of the installation, a JWKS (`receipt-jwks.json`, written by `cpor
    /// keys`). Without it the signature is not checked.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// File with an earlier receipt of the same claim, which the receipt must extend.
    #[arg(long, value_name = "FILE")]
    extends: Option<PathBuf>,
}

/// The exit code for a receipt that is not valid.
const INVALID: u8 = 1;
/// The exit code for a file that cannot be read or parsed.
const UNREADABLE: u8 = 2;

/// Prints the result of the verification. The exit code is 0 for a valid receipt, 1 for an invalid
/// one, and 2 for a file that cannot be read or parsed.
///
/// # Errors
/// Never returns an error: every failure has an exit code.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the result is the output of the command")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let result = match read_files(args) {
        Ok((receipt, keys, earlier)) => verify::verify(&receipt, keys.as_deref(), earlier.as_deref()),
        Err(error) => {
            eprintln!("cpor: {error:#}");
            return Ok(ExitCode::from(UNREADABLE));
        }
    };
    Ok(match result {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(refusal) => {
            eprintln!("cpor: {refusal}");
            ExitCode::from(match refusal {
                VerifyError::Invalid { .. } => INVALID,
                VerifyError::Unreadable { .. } => UNREADABLE,
            })
        }
    })
}

/// The receipt, the JWKS and the earlier receipt.
type Documents = (String, Option<String>, Option<String>);

fn read_files(args: &Args) -> anyhow::Result<Documents> {
    let read = |path: &Path| std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    let keys = args.keys.as_deref().map(read).transpose()?;
    Ok((read(&args.receipt)?, keys, args.extends.as_deref().map(read).transpose()?))
}
