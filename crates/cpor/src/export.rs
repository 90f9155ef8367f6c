//! `cpor export`: claims into a file, through `ExportClaims` (R59): the counterpart of `cpor import`, which reads what it writes.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use cpor_proto::{
    claims::v1::{ExportClaimsRequest, claim_service_client::ClaimServiceClient},
    r#type::v1::ExportFormat,
};
use tempfile::NamedTempFile;

use crate::server::{Server, told};

/// What to export, from where.
#[derive(clap::Args)]
pub struct Args {
    /// Whose claims; `-` for those of all partners, which the vendor's staff may export.
    #[arg(long)]
    partner: String,
    #[command(flatten)]
    server: Server,
    /// Which of them, for example `state = EDITING AND products:teams`; by default all.
    #[arg(long, default_value = "")]
    filter: String,
    /// In which order, for example `display_name` or `update_time desc`; by default the oldest first.
    #[arg(long, default_value = "")]
    order_by: String,
    /// What it is written in; by default what the file is called, `.csv` or `.jsonl`, and otherwise CSV.
    #[arg(long)]
    format: Option<Format>,
    /// Where it is written; by default to standard output. A file is there when it is complete, and not before.
    #[arg(long)]
    output: Option<PathBuf>,
}

/// What an export is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Comma-separated values, a row for each line of a claim.
    Csv,
    /// A claim as JSON in each line.
    Jsonl,
}

impl Format {
    fn of(args: &Args) -> Self {
        let called_jsonl = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "jsonl");
        args.format.unwrap_or(if args.output.as_ref().is_some_and(called_jsonl) { Self::Jsonl } else { Self::Csv })
    }
}

/// Exports.
///
/// # Errors
/// When the server refuses or goes, or what it sends cannot be written.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    match &args.output {
        None => write(args, &mut io::stdout().lock()).await,
        Some(path) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let cannot = || format!("cannot write {}", path.display());
            let mut file = NamedTempFile::new_in(folder).with_context(cannot)?;
            write(args, &mut file).await?;
            file.persist(path).with_context(cannot)?;
            Ok(())
        }
    }
}

async fn write(args: &Args, into: &mut impl Write) -> anyhow::Result<()> {
    let format = match Format::of(args) {
        Format::Csv => ExportFormat::Csv,
        Format::Jsonl => ExportFormat::JsonLines,
    };
    let request = ExportClaimsRequest {
        parent: format!("partners/{}", args.partner),
        filter: args.filter.clone(),
        order_by: args.order_by.clone(),
        format: format.into(),
    };
    let connection = args.server.connect().await?;
    // A claim may be larger than what clients take by default.
    let mut client = ClaimServiceClient::new(connection.channel.clone()).max_decoding_message_size(64 << 20);
    let answer = client.export_claims(connection.request(request)).await.map_err(|refused| told(&refused))?;
    let mut parts = answer.into_inner();
    while let Some(part) = parts.message().await.map_err(|refused| told(&refused))? {
        into.write_all(&part.data).context("the export cannot be written")?;
    }
    into.flush().context("the export cannot be written")
}
