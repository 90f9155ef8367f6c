//! `cpor import`: claims from a file, by the thousand, through `BatchCreateClaims` (R59).
//!
//! Rows are read and sent as they come: in memory are those of one call, and of each row before them 20 bytes that tell repeated ones apart. Each has a request id that follows from what it says, so that a
//! file can be sent again, whole, corrected or in another order: within a day, what was created is not created twice.
mod lines;
mod progress;
mod results;
mod row;
mod send;
mod sheet;

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use cpor_types::PartnerId;

use self::{
    progress::{Counted, Progress, Read},
    results::Results,
    row::Row,
    send::Sender,
};
use crate::server::Server;

/// What to import, and where.
#[derive(clap::Args)]
#[command(after_long_help = sheet::HELP)]
pub struct Args {
    /// The claims: `.csv`, one line of a claim a row, or `.jsonl`, one `Claim` as JSON a line.
    file: PathBuf,
    /// Whose claims they are.
    #[arg(long)]
    partner: PartnerId,
    #[command(flatten)]
    server: Server,
    /// Where what became of each row is written, a line of JSON each; by default beside the file.
    #[arg(long)]
    results: Option<PathBuf>,
    /// Judge every row, but create nothing.
    #[arg(long)]
    validate_only: bool,
}

/// Rows of an import.
type Rows = Box<dyn Iterator<Item = anyhow::Result<Row>>>;

/// Imports. `true`: every row was taken.
///
/// # Errors
/// When the file cannot be read as what it is called, or the server cannot be reached. What was imported by then stays, and is in the results.
pub async fn run(args: &Args) -> anyhow::Result<bool> {
    let (rows, read) = rows(&args.file)?;
    let path = args.results.clone().unwrap_or_else(|| beside(&args.file));
    // What an earlier import left is replaced only when there is somebody to ask.
    let mut sender = Sender::connect(args).await?;
    let same = |path: &Path| path.canonicalize().ok();
    anyhow::ensure!(same(&path).is_none() || same(&path) != same(&args.file), "--results must be another file");
    let mut results = Results::create(&path, Progress::new(read))?;
    for batch in row::batches(rows) {
        let batch = batch?;
        let (outcomes, sent) = sender.send(batch.good).await;
        results.write(batch.bad.into_iter().chain(outcomes).collect())?;
        sent?;
    }
    results.finish(&path)
}

/// The rows of a file, and how much of it was read.
fn rows(path: &Path) -> anyhow::Result<(Rows, Arc<Read>)> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let read = Arc::new(Read::of(file.metadata()?.len()));
    let mut file = BufReader::new(Counted { file, read: Arc::clone(&read) });
    // A spreadsheet's mark of UTF-8.
    if file.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
        file.consume("\u{feff}".len());
    }
    let rows: Rows = match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Box::new(sheet::rows(file)?),
        Some("jsonl") => Box::new(lines::rows(file)),
        Some(_) | None => bail!("{} must be called .csv or .jsonl", path.display()),
    };
    Ok((rows, read))
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".results.jsonl");
    name.into()
}

#[cfg(test)]
mod tests;
