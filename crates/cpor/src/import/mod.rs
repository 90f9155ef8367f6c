//! `cpor import`: creates and updates drafts of claims from a file (R59, R59a).
//!
//! A row without the name of a claim creates a draft by the RPC `BatchCreateClaims`. Its request id
//! is derived from its content. The same file can therefore be sent again within a day, even
//! corrected or in another order, and no row creates a second claim. A row with the name of a claim
//! updates that claim, if it is a draft.
mod batch;
pub(crate) mod columns;
mod json_lines;
mod progress;
pub(crate) mod results;
pub(crate) mod send;
mod update;

use std::path::{Path, PathBuf};

use cpor_types::PartnerId;

pub(crate) use self::batch::FieldError;
use self::{batch::Row, progress::Progress, results::ResultsFile, send::Sender};
use crate::{
    server::Server,
    sheet::{self, FileKind, Sheet, SheetArgs},
};

/// Arguments of `cpor import`.
#[derive(clap::Args)]
#[command(after_long_help = help())]
pub struct Args {
    /// File with the claims: `.csv` or `.xlsx` with one row for each product of a claim, or
    /// `.jsonl` with one claim as JSON in each line.
    file: PathBuf,
    /// Id of the partner that owns the claims.
    #[arg(long)]
    partner: PartnerId,
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    sheet: SheetArgs,
    #[command(flatten)]
    results: ResultsArgs,
}

/// The arguments of commands that write one result for each row of a file.
#[derive(clap::Args)]
pub(crate) struct ResultsArgs {
    /// File for the results, one line of JSON for each row. By default the name of the input file
    /// with `.results.jsonl` appended.
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Validate every row, but change nothing.
    #[arg(long)]
    pub(crate) validate_only: bool,
}

impl ResultsArgs {
    /// Creates the results file for an input file with this number of lines.
    pub(crate) fn create(&self, input: &Path, lines: u64) -> anyhow::Result<ResultsFile> {
        let path = self.results.clone().unwrap_or_else(|| default_results_path(input));
        let canonical = |path: &Path| path.canonicalize().ok();
        let is_input = canonical(&path).is_some() && canonical(&path) == canonical(input);
        anyhow::ensure!(!is_input, "--results: must differ from the input file");
        ResultsFile::create(path, Progress::new(lines))
    }
}

fn help() -> String {
    [columns::HELP, sheet::FORMATS_HELP, columns::EXIT_STATUS].join("\n\n")
}

/// The rows of a file. An error ends the import.
type Rows = Box<dyn Iterator<Item = anyhow::Result<Row>>>;

/// Imports the claims of a file. Returns whether no row was refused.
///
/// # Errors
/// Returns an error if the file cannot be read or parsed, or the server cannot be reached. Claims
/// that were created before the server could not be reached remain, and the results file lists
/// them.
pub async fn run(args: &Args) -> anyhow::Result<bool> {
    let (rows, lines) = read_rows(&args.file, &args.sheet)?;
    // Connect first, so that a failed connection does not replace the results of an earlier import.
    let mut sender = Sender::connect(args).await?;
    let mut results = args.results.create(&args.file, lines)?;
    for batch in batch::batches(rows) {
        let batch = batch?;
        let (created, sent) = sender.send(batch.valid).await;
        let (updated, sent) = match sent {
            Ok(()) => sender.update(batch.updates).await,
            Err(error) => (Vec::new(), Err(error)),
        };
        results.write(batch.invalid.into_iter().chain(created).chain(updated).collect())?;
        sent?;
    }
    results.finish("claims", "imported", args.results.validate_only)
}

/// Reads a file of claims. Returns its rows and the number of its lines.
fn read_rows(path: &Path, args: &SheetArgs) -> anyhow::Result<(Rows, u64)> {
    let (kind, content) = sheet::read_file(path)?;
    if kind == FileKind::JsonLines {
        let text = sheet::decode(&content, args.encoding)?.text;
        let lines = text.lines().count() as u64;
        return Ok((Box::new(json_lines::rows(text)), lines));
    }
    let sheet = Sheet::parse(kind, &content, args, columns::is_known)?;
    let lines = sheet.lines;
    Ok((Box::new(columns::rows(sheet)), lines))
}

fn default_results_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".results.jsonl");
    name.into()
}

#[cfg(test)]
mod tests;
