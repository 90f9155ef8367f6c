//! `cpor import`: creates and updates drafts of claims from a file (R59, R59a).
//!
//! A row without the name of a claim creates a draft by the RPC `BatchCreateClaims`. Its request id
//! is derived from its content, so that the same row within a day creates no second claim. The
//! claims that rows have created are kept in a file, so that a corrected row is recognized in a
//! later import. A row whose claim is known updates the claim, if it is still a draft.
mod batch;
pub(crate) mod columns;
mod imported_claims;
mod json_lines;
mod progress;
pub(crate) mod results;
pub(crate) mod send;
mod update;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use cpor_types::PartnerId;

pub(crate) use self::batch::FieldError;
use self::{
    batch::{Row, UpdateRow},
    imported_claims::ImportedClaims,
    progress::Progress,
    results::{Outcome, ResultsFile},
    send::Sender,
};
use crate::{
    server::ServerArgs,
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
    server: ServerArgs,
    #[command(flatten)]
    sheet: SheetArgs,
    #[command(flatten)]
    results: ResultsArgs,
}

/// The arguments of commands that write one result for each row of a file.
#[derive(clap::Args)]
pub(crate) struct ResultsArgs {
    /// File for the results, one line of JSON for each row. By default the name of the input file
    /// with `.results.jsonl` appended, or `.evidence-results.jsonl` and `.submit-results.jsonl` by
    /// these commands.
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Validate every row, but change nothing.
    #[arg(long)]
    pub(crate) validate_only: bool,
}

impl ResultsArgs {
    /// Creates the results file for an input file with this number of lines. By default, `suffix`
    /// is appended to the name of the input file.
    pub(crate) fn create(&self, input: &Path, suffix: &str, lines: u64) -> anyhow::Result<ResultsFile> {
        let path = self.path(input, suffix);
        let canonical = |path: &Path| path.canonicalize().ok();
        let is_input = canonical(&path).is_some() && canonical(&path) == canonical(input);
        anyhow::ensure!(!is_input, "--results: must differ from the input file");
        ResultsFile::create(path, Progress::new(lines), self.validate_only)
    }

    fn path(&self, input: &Path, suffix: &str) -> PathBuf {
        self.results.clone().unwrap_or_else(|| with_suffix(input, suffix))
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
    let file = sheet::read_file(&args.file)?;
    let (rows, lines) = parse_rows(&file, &args.sheet)?;
    let mut imported = ImportedClaims::open(imported_claims_path(args), &args.partner)?;
    let earlier =
        if imported.is_empty() { HashMap::new() } else { imported.recognize(parse_rows(&file, &args.sheet)?.0) };
    // Connect first, so that a failed connection does not replace the results of an earlier import.
    let mut sender = Sender::connect(args).await?;
    let mut results = args.results.create(&args.file, RESULTS_SUFFIX, lines)?;
    for batch in batch::batches(rows, earlier) {
        let batch::Batch { creates, updates, refused, mut keys } = batch?;
        // `sent` is `Ok`, or the error after which the import cannot continue. The results that are
        // known by then are written first.
        let (updated, deleted, sent) = sender.update(updates).await;
        // The keys of an unchanged row are in the file already.
        updated.iter().filter_map(Outcome::repeated_line).for_each(|line| drop(keys.remove(&line)));
        let deleted_claims: Vec<_> = deleted.iter().map(|row| (row.line, row.name.clone())).collect();
        let (created, sent) = match sent {
            Ok(()) => {
                let recreated = deleted.into_iter().map(UpdateRow::into_request);
                sender.send(creates.into_iter().chain(recreated).collect()).await
            }
            Err(error) => (Vec::new(), Err(error)),
        };
        let outcomes: Vec<_> = refused.into_iter().chain(created).chain(updated).collect();
        if !args.results.validate_only {
            imported.save(&outcomes, keys, deleted_claims)?;
        }
        results.write(outcomes)?;
        sent?;
    }
    results.finish("claim", "imported")
}

/// Parses a file of claims. Returns its rows and the number of its lines.
fn parse_rows((kind, content): &(FileKind, Vec<u8>), args: &SheetArgs) -> anyhow::Result<(Rows, u64)> {
    if *kind == FileKind::JsonLines {
        let text = sheet::decode(content, args.encoding)?.text;
        let lines = text.lines().count() as u64;
        return Ok((Box::new(json_lines::rows(text)), lines));
    }
    let sheet = Sheet::parse(*kind, content, args, columns::is_known)?;
    let lines = sheet.lines;
    Ok((Box::new(columns::rows(sheet)?), lines))
}

/// The suffix of the name of the results file.
const RESULTS_SUFFIX: &str = ".results.jsonl";
/// The suffix of the name of the file that records which claims the rows have created.
const CLAIMS_SUFFIX: &str = ".claims.jsonl";

/// Returns the path of the file that records which claims the rows have created. It is in the
/// folder of the results file, which is writable. If the results go to a terminal, a pipe or a
/// device, it is in the folder of the input file.
fn imported_claims_path(args: &Args) -> PathBuf {
    let name = args.file.file_name().map(Path::new).unwrap_or(&args.file);
    let results = args.results.path(&args.file, RESULTS_SUFFIX);
    let is_special_file = results.symlink_metadata().is_ok_and(|metadata| !metadata.is_file());
    let beside = if is_special_file { &args.file } else { &results };
    beside.with_file_name(with_suffix(name, CLAIMS_SUFFIX))
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests;
