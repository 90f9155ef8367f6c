//! `cpor verify`: verifies a receipt (a signed proof of a claim's history), or all histories in a
//! database, without a running system. A *root* is the signed hash of all histories at the end of a
//! day.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;

use crate::{
    verify::{self, VerifyError},
    verify_database::{self, parse_database},
};

/// Arguments of `cpor verify`.
#[derive(clap::Args)]
pub struct Args {
    /// File with the response of the RPC `ExportClaimReceipt` as JSON: its messages, one after the
    /// other.
    #[arg(required_unless_present = "database")]
    receipt: Option<PathBuf>,
    /// Verify all histories in this database of claim-intake instead of a receipt: a PostgreSQL URL
    /// without a password (set PGPASSWORD), a SQLite file, or a data directory. Names each row that
    /// was changed, deleted, reordered or cut off.
    #[arg(long, value_name = "URL", conflicts_with_all = ["receipt", "extends"])]
    database: Option<String>,
    /// Schema of claim-intake in the PostgreSQL database.
    #[arg(long, requires = "database")]
    schema: Option<String>,
    /// File or folder with daily roots that was kept outside of the database. Without it, the
    /// database is compared with the roots that it contains.
    #[arg(long, value_name = "PATH", requires = "database")]
    roots: Option<PathBuf>,
    /// File with the public keys of the installation, a JWKS (`receipt-jwks.json`, written by `cpor
    /// keys`). Without it the signature is not checked.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// File with an earlier receipt of the same claim, which the receipt must extend.
    #[arg(long, value_name = "FILE")]
    extends: Option<PathBuf>,
}

/// The exit code for a receipt or a database that is not valid.
const INVALID: u8 = 1;
/// The exit code for a file or a database that cannot be read or parsed.
const UNREADABLE: u8 = 2;

/// Prints the result of the verification. The exit code is 0 if everything is valid, 1 if it is
/// not, and 2 if something cannot be read or parsed.
///
/// # Errors
/// Never returns an error: every failure has an exit code.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the result is the output of the command")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(database) = &args.database {
        return Ok(match verify_histories(args, database) {
            Ok(report) => {
                println!("{report}");
                if report.is_valid() { ExitCode::SUCCESS } else { ExitCode::from(INVALID) }
            }
            Err(error) => {
                eprintln!("cpor: {error:#}");
                ExitCode::from(UNREADABLE)
            }
        });
    }
    let result = match read_files(args) {
        Ok(InputFiles { receipt, keys, earlier }) => verify::verify(&receipt, keys.as_deref(), earlier.as_deref()),
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

/// Verifies all histories in a database.
fn verify_histories(args: &Args, database: &str) -> anyhow::Result<verify_database::Report> {
    let database = parse_database(database, args.schema.as_deref())?;
    let keys = args.keys.as_deref().map(read_file).transpose()?;
    let verification = verify_database::verify_database(&database, args.roots.as_deref(), keys.as_deref());
    super::block_on(verification)
}

/// The contents of the files that the arguments name.
struct InputFiles {
    receipt: String,
    /// The public keys that verify signatures, as a JWKS.
    keys: Option<String>,
    /// The receipt that `receipt` must extend.
    earlier: Option<String>,
}

fn read_files(args: &Args) -> anyhow::Result<InputFiles> {
    let keys = args.keys.as_deref().map(read_file).transpose()?;
    let receipt = args.receipt.as_deref().context("a receipt is required")?;
    let earlier = args.extends.as_deref().map(read_file).transpose()?;
    Ok(InputFiles { receipt: read_file(receipt)?, keys, earlier })
}

fn read_file(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
