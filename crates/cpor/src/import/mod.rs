//! `cpor import`: creates claims from a file by the RPC `BatchCreateClaims` (R59).
//!
//! The file is read and sent in batches, so that it can be larger than the memory. The request id
//! of each row is derived from the content of the row. The same file can therefore be sent again
//! within a day, even corrected or in another order, and no claim is created twice.
mod batch;
mod csv;
mod json_lines;
mod progress;
mod results;
mod send;

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use cpor_types::PartnerId;

use self::{
    batch::Row,
    progress::{BytesRead, CountingReader, Progress},
    results::ResultsFile,
    send::Sender,
};
use crate::server::Server;

/// Arguments of `cpor import`.
#[derive(clap::Args)]
#[command(after_long_help = csv::HELP)]
pub struct Args {
    /// File with the claims: `.csv` with one row for each product of a claim, or `.jsonl` with one
    /// claim as JSON in each line.
    file: PathBuf,
    /// Id of the partner that owns the claims.
    #[arg(long)]
    partner: PartnerId,
    #[command(flatten)]
    server: Server,
    /// File for the results, one line of JSON for each claim. By default the name of the input file
    /// with `.results.jsonl` appended.
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Validate every claim, but create nothing.
    #[arg(long)]
    validate_only: bool,
}

/// The rows of a file. An error ends the import.
type Rows = Box<dyn Iterator<Item = anyhow::Result<Row>>>;

/// Imports the claims of a file. Returns whether every row was accepted.
///
/// # Errors
/// Returns an error if the file cannot be read or parsed, or the server cannot be reached. Claims
/// that were created before the error remain, and the results file lists them.
pub async fn run(args: &Args) -> anyhow::Result<bool> {
    let (rows, bytes_read) = validate_rows(&args.file)?;
    let path = args.results.clone().unwrap_or_else(|| default_results_path(&args.file));
    // Connect first, so that a failed connection does not replace the results of an earlier import.
    let mut sender = Sender::connect(args).await?;
    let canonical = |path: &Path| path.canonicalize().ok();
    let is_input = canonical(&path).is_some() && canonical(&path) == canonical(&args.file);
    anyhow::ensure!(!is_input, "--results: must differ from the input file");
    let mut results = ResultsFile::create(&path, Progress::new(bytes_read))?;
    for batch in batch::batches(rows) {
        let batch = batch?;
        let (outcomes, sent) = sender.send(batch.valid).await;
        results.write(batch.invalid.into_iter().chain(outcomes).collect())?;
        sent?;
    }
    results.finish(&path)
}

/// Opens a file of claims. Returns its rows, and a counter of the bytes that have been read.
fn validate_rows(path: &Path) -> anyhow::Result<(Rows, Arc<BytesRead>)> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let bytes_read = Arc::new(BytesRead::new(file.metadata()?.len()));
    let mut file = BufReader::new(CountingReader { file, bytes_read: Arc::clone(&bytes_read) });
    // Spreadsheet programs write a byte order mark before UTF-8.
    if file.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
        file.consume("\u{feff}".len());
    }
    let rows: Rows = match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Box::new(csv::rows(file)?),
        Some("jsonl") => Box::new(json_lines::rows(file)),
        Some(_) | None => bail!("{}: the file name must end with .csv or .jsonl", path.display()),
    };
    Ok((rows, bytes_read))
}

fn default_results_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".results.jsonl");
    name.into()
}

#[cfg(test)]
mod tests;
