//! `cpor export`: writes claims, which it gets from the RPC `ExportClaims`, to a file (R59). `cpor
//! import` can read the file.

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

use crate::server::{ServerArgs, status_error};

/// Arguments of `cpor export`.
#[derive(clap::Args)]
pub struct Args {
    /// Id of the partner whose claims are exported. `-` exports the claims of all partners (for
    /// vendor roles only).
    #[arg(long)]
    partner: String,
    #[command(flatten)]
    server: ServerArgs,
    /// Export only claims that match this filter, for example `state = EDITING AND
    /// products:teams`.
    #[arg(long, default_value = "")]
    filter: String,
    /// Order of the claims, for example `display_name` or `update_time desc`. By default the newest
    /// claim comes first.
    #[arg(long, default_value = "")]
    order_by: String,
    /// File format. By default JSON Lines if the name of the output file ends with `.jsonl`,
    /// otherwise CSV.
    #[arg(long)]
    format: Option<Format>,
    /// Output file. By default standard output. The file is created when the export is complete.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The values of `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Comma-separated values, one row for each line of a claim.
    Csv,
    /// JSON Lines, one claim in each line.
    Jsonl,
}

impl Format {
    /// Returns the value of `--format` or, if it is not set, the format that the name of the output
    /// file suggests.
    fn from_args(args: &Args) -> Self {
        let is_jsonl = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "jsonl");
        args.format.unwrap_or(if args.output.as_ref().is_some_and(is_jsonl) { Self::Jsonl } else { Self::Csv })
    }
}

/// Exports claims to the output file or standard output.
///
/// # Errors
/// Returns an error if the server cannot be reached or refuses the call, or the output cannot be
/// written.
pub async fn run(args: &Args) -> anyhow::Result<()> {
    match &args.output {
        None => write(args, &mut io::stdout().lock()).await,
        Some(path) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let cannot_write = || format!("cannot write {}", path.display());
            let mut file = NamedTempFile::new_in(folder).with_context(cannot_write)?;
            write(args, &mut file).await?;
            file.persist(path).with_context(cannot_write)?;
            Ok(())
        }
    }
}

async fn write(args: &Args, output: &mut impl Write) -> anyhow::Result<()> {
    let format = match Format::from_args(args) {
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
    // A claim can exceed the default message limit of clients.
    let mut client = ClaimServiceClient::new(connection.channel.clone()).max_decoding_message_size(64 << 20);
    let response = client.export_claims(connection.request(request)).await.map_err(|status| status_error(&status))?;
    let mut parts = response.into_inner();
    while let Some(part) = parts.message().await.map_err(|status| status_error(&status))? {
        output.write_all(&part.data).context("cannot write the export")?;
    }
    output.flush().context("cannot write the export")
}
