//! `cpor verify`: holds a receipt of a claim's history against itself.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;

use crate::verify::{self, Refusal};

/// Arguments of `cpor verify`.
#[derive(clap::Args)]
pub struct Args {
    /// What `ExportClaimReceipt` answers, as JSON: its messages, one after the other.
    receipt: PathBuf,
    /// The public keys of the installation's services, a JWKS: `cpor keys` writes `receipt-jwks.json`. Without them nobody knows who
    /// signed.
    #[arg(long)]
    keys: Option<PathBuf>,
    /// An earlier receipt of the same claim, which this one must extend.
    #[arg(long)]
    extends: Option<PathBuf>,
}

/// Exit code of a receipt that does not verify.
const FALSE: u8 = 1;
/// Exit code where there is nothing to be judged.
const UNREADABLE: u8 = 2;

/// Verifies, and says what was found: 0 sound, 1 not, 2 unreadable.
///
/// # Errors
/// None: whatever is wrong has its exit code.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the finding is what was asked for")]
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let found = match texts(args) {
        Ok((receipt, keys, earlier)) => verify::verify(&receipt, keys.as_deref(), earlier.as_deref()),
        Err(error) => {
            eprintln!("cpor: {error:#}");
            return Ok(ExitCode::from(UNREADABLE));
        }
    };
    Ok(match found {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(refusal) => {
            eprintln!("cpor: {refusal}");
            ExitCode::from(match refusal {
                Refusal::False { .. } => FALSE,
                Refusal::Unreadable { .. } => UNREADABLE,
            })
        }
    })
}

type Texts = (String, Option<String>, Option<String>);

fn texts(args: &Args) -> anyhow::Result<Texts> {
    let text = |path: &Path| std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    let keys = args.keys.as_deref().map(text).transpose()?;
    Ok((text(&args.receipt)?, keys, args.extends.as_deref().map(text).transpose()?))
}
