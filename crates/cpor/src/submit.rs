//! `cpor submit`: submits the drafts that a sheet names (R18, R59a).

use std::{collections::HashSet, path::PathBuf};

use cpor_proto::claims::v1::{
    ClaimState, GetClaimRequest, SubmitClaimRequest, claim_service_client::ClaimServiceClient,
};
use tonic::{Status, transport::Channel};

use crate::{
    evidence,
    import::{
        FieldError, ResultsArgs, columns,
        results::{Outcome, RowError, RowResult},
        send::{call_with_retries, content_id, send_rows},
    },
    server::{Connection, ServerArgs},
    sheet::{self, Sheet, SheetArgs, SheetRow},
};

/// The part of `cpor submit --help` about the columns.
const HELP: &str = "\
A sheet has a header and the column `claim` with the names of the claims. The other columns of an exported CSV are
ignored, so an export can be used, for example one with the filter `state = EDITING`; so are the columns of
`cpor evidence`. Several rows of one claim submit it once. A claim that is not a draft stays as it is, and the result
says so.";

/// Arguments of `cpor submit`.
#[derive(clap::Args)]
#[command(after_long_help = [HELP, sheet::FORMATS_HELP, columns::EXIT_STATUS].join("\n\n"))]
pub struct Args {
    /// File with the claims: `.csv` or `.xlsx`.
    file: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    sheet: SheetArgs,
    #[command(flatten)]
    results: ResultsArgs,
}

/// Submits the drafts that a sheet names. Returns whether no row was refused.
///
/// # Errors
/// Returns an error if the sheet cannot be read, or the server cannot be reached.
pub async fn run(args: &Args) -> anyhow::Result<bool> {
    let (kind, content) = sheet::read_file(&args.file)?;
    let sheet = Sheet::parse(kind, &content, &args.sheet, evidence::is_known_column)?;
    sheet.require_columns(&[columns::CLAIM_COLUMN])?;
    let connection = args.server.connect().await?;
    let results = args.results.create(&args.file, ".submit-results.jsonl", sheet.lines)?;
    let mut names = HashSet::new();
    let rows = sheet.filter(move |row| {
        let name = row.as_ref().map_or("", |row| row.cell(columns::CLAIM_COLUMN));
        name.is_empty() || names.insert(name.to_owned())
    });
    let validate_only = args.results.validate_only;
    let results = send_rows(rows, results, |row| submit_row(&connection, row, validate_only)).await?;
    results.finish("claim", "submitted")
}

/// Submits the claim of a row, if it is a draft.
async fn submit_row(connection: &Connection, row: SheetRow, validate_only: bool) -> Result<Outcome, Status> {
    let mut errors: Vec<FieldError> = Vec::new();
    errors.extend(row.fault.as_ref().map(|fault| FieldError::malformed("", fault)));
    let name = columns::required_claim_name(&row).map_err(|error| errors.push(error)).ok();
    match name.filter(|_| errors.is_empty()) {
        Some(name) => {
            let name = name.to_string();
            Outcome::from_calls(row.line, &name, submit(connection, name.clone(), validate_only).await)
        }
        None => Ok(Outcome::refused(row.line, RowError::malformed(errors))),
    }
}

/// Submits the claim with this resource name, if it is a draft.
async fn submit(connection: &Connection, name: String, validate_only: bool) -> Result<RowResult, Status> {
    let client: ClaimServiceClient<Channel> = ClaimServiceClient::new(connection.channel.clone());
    let get = || {
        let (mut client, request) = (client.clone(), connection.request(GetClaimRequest { name: name.clone() }));
        async move { client.get_claim(request).await }
    };
    let claim = call_with_retries(get).await?;
    if claim.state() != ClaimState::Editing {
        return Ok(RowResult::NotADraft);
    }
    let request_id = content_id("submit", format!("{name} {}", claim.etag).as_bytes());
    let submit = || {
        let request = SubmitClaimRequest {
            name: name.clone(),
            request_id: request_id.clone(),
            validate_only,
            ..Default::default()
        };
        let (mut client, request) = (client.clone(), connection.request(request));
        async move { client.submit_claim(request).await }
    };
    call_with_retries(submit).await.map(|_| RowResult::Done)
}
