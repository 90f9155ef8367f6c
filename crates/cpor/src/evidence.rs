//! `cpor evidence`: uploads the documents that a sheet names as evidence of claims (R59a).

use std::{
    fs,
    path::{Path, PathBuf},
};

use cpor_proto::{
    claims::v1::{
        EvidenceMetadata, GetEvidenceRequest, ListEvidenceRequest, UploadEvidenceRequest,
        claim_service_client::ClaimServiceClient,
    },
    wire_time::to_wire_time,
};
use cpor_types::Timestamp;
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tonic::{Code, Status, transport::Channel};

use crate::{
    import::{
        FieldError, ResultsArgs, columns,
        results::{Outcome, RowError, RowResult},
        send::{call_with_retries, content_id, send_rows},
    },
    server::{Connection, ServerArgs},
    sheet::{self, Sheet, SheetArgs, SheetRow},
};

/// The part of `cpor evidence --help` about the columns.
const HELP: &str = "\
A sheet has a header and these columns, in any order:
  claim                             the name of the claim, as an export has it
  file                              the document; a relative path begins in the folder of the sheet
  signature_date                    the date on which the customer signed, as YYYY-MM-DD; optional
The other columns of an exported CSV are ignored, so an export with an additional column `file` can be used. Rows
without `file` are ignored. A document that the claim already has is not uploaded again.";

/// Columns of the sheet that an export of claims does not have.
const FILE_COLUMN: &str = "file";
const SIGNATURE_COLUMN: &str = "signature_date";

/// Returns whether a sheet with documents can have this column. `cpor submit` takes the same sheet.
pub(crate) fn is_known_column(name: &str) -> bool {
    [FILE_COLUMN, SIGNATURE_COLUMN].contains(&name) || columns::is_known(name)
}

/// The size of the messages of an upload.
const MESSAGE_BYTES: usize = 1 << 20;

/// Arguments of `cpor evidence`.
#[derive(clap::Args)]
#[command(after_long_help = [HELP, sheet::FORMATS_HELP, columns::EXIT_STATUS].join("\n\n"))]
pub struct Args {
    /// File with one row for each document: `.csv` or `.xlsx`.
    file: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    sheet: SheetArgs,
    #[command(flatten)]
    results: ResultsArgs,
}

/// Uploads the documents that a sheet names. Returns whether no row was refused.
///
/// # Errors
/// Returns an error if the sheet cannot be read, or the server cannot be reached.
pub async fn run(args: &Args) -> anyhow::Result<bool> {
    let (kind, content) = sheet::read_file(&args.file)?;
    let sheet = Sheet::parse(kind, &content, &args.sheet, is_known_column)?;
    sheet.require_columns(&[columns::CLAIM_COLUMN, FILE_COLUMN])?;
    let connection = args.server.connect().await?;
    let results = args.results.create(&args.file, ".evidence-results.jsonl", sheet.lines)?;
    let folder = args.file.parent().unwrap_or(Path::new("")).to_owned();
    let uploader = Uploader { connection, folder, validate_only: args.results.validate_only };
    let rows = sheet.filter(|row| !row.as_ref().is_ok_and(|row| row.cell(FILE_COLUMN).is_empty()));
    let results = send_rows(rows, results, |row| uploader.upload_row(row)).await?;
    results.finish("document", "uploaded")
}

/// The document of a row.
struct Document {
    metadata: EvidenceMetadata,
    data: Vec<u8>,
}

/// Uploads documents over a connection to the server.
struct Uploader {
    connection: Connection,
    /// The folder in which relative paths begin.
    folder: PathBuf,
    validate_only: bool,
}

impl Uploader {
    /// Uploads the document of a row, unless its claim already has it.
    async fn upload_row(&self, row: SheetRow) -> Result<Outcome, Status> {
        match self.read(&row) {
            Ok(document) => {
                let claim = document.metadata.parent.clone();
                Outcome::from_calls(row.line, &claim, self.upload(document).await)
            }
            Err(errors) => Ok(Outcome::refused(row.line, RowError::malformed(errors))),
        }
    }

    /// Reads the document of a row.
    fn read(&self, row: &SheetRow) -> Result<Document, Vec<FieldError>> {
        let mut errors: Vec<FieldError> = Vec::new();
        errors.extend(row.fault.as_ref().map(|fault| FieldError::malformed("", fault)));
        let claim = columns::required_claim_name(row).map_err(|error| errors.push(error)).ok();
        let path = self.folder.join(row.cell(FILE_COLUMN));
        let cannot_read =
            |error| FieldError::malformed(FILE_COLUMN, format!("cannot read {}: {error}", path.display()));
        let data = fs::read(&path).map_err(|error| errors.push(cannot_read(error))).ok();
        let signature = signature_time(row.cell(SIGNATURE_COLUMN)).map_err(|error| errors.push(error)).ok();
        let (Some(claim), Some(data), Some(signature), true) = (claim, data, signature, errors.is_empty()) else {
            return Err(errors);
        };
        let mut metadata = EvidenceMetadata {
            parent: claim.to_string(),
            file_name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            sha256: format!("{:x}", Sha256::digest(&data)),
            signature_time: signature.map(to_wire_time),
            ..EvidenceMetadata::default()
        };
        metadata.validate_only = self.validate_only;
        Ok(Document { metadata, data })
    }

    /// Uploads a document, unless the claim has it already.
    async fn upload(&self, document: Document) -> Result<RowResult, Status> {
        let Document { metadata, data } = document;
        let list = || {
            let request = ListEvidenceRequest {
                parent: metadata.parent.clone(),
                page_size: 1_000,
                ..ListEvidenceRequest::default()
            };
            let (mut client, request) = (self.client(), self.connection.request(request));
            async move { client.list_evidence(request).await }
        };
        let existing = call_with_retries(list).await?.evidence;
        if existing.iter().any(|other| (&other.sha256, &other.file_name) == (&metadata.sha256, &metadata.file_name)) {
            return Ok(RowResult::Repeated);
        }
        // The request id is derived from the content, so that a repeated upload adds no second
        // document. If the server returns a document of an earlier upload that was removed since,
        // the document is uploaded anew, with a request id that is also derived from the name of
        // the removed one.
        let content = metadata.encode_to_vec();
        let mut removed = String::new();
        loop {
            let request_id = content_id("evidence", &[content.as_slice(), removed.as_bytes()].concat());
            let metadata = EvidenceMetadata { request_id, ..metadata.clone() };
            let upload = || {
                let mut messages: Vec<_> = data
                    .chunks(MESSAGE_BYTES)
                    .map(|part| UploadEvidenceRequest { data: part.to_vec(), ..UploadEvidenceRequest::default() })
                    .collect();
                messages.insert(0, UploadEvidenceRequest { metadata: Some(metadata.clone()), data: Vec::new() });
                let (mut client, request) = (self.client(), self.connection.request(tokio_stream::iter(messages)));
                async move { client.upload_evidence(request).await }
            };
            let uploaded = call_with_retries(upload).await?.name;
            if self.validate_only || self.exists(&uploaded).await? {
                return Ok(RowResult::Done);
            }
            removed = uploaded;
        }
    }

    /// Returns whether a claim has this document now.
    async fn exists(&self, evidence: &str) -> Result<bool, Status> {
        let get = || {
            let request = self.connection.request(GetEvidenceRequest { name: evidence.to_owned() });
            let mut client = self.client();
            async move { client.get_evidence(request).await }
        };
        match call_with_retries(get).await {
            Ok(_) => Ok(true),
            Err(status) if status.code() == Code::NotFound => Ok(false),
            Err(status) => Err(status),
        }
    }

    fn client(&self) -> ClaimServiceClient<Channel> {
        ClaimServiceClient::new(self.connection.channel.clone())
    }
}

/// Parses the date of a signature: a day in UTC, or a time, which is in UTC unless it has an
/// offset.
fn signature_time(text: &str) -> Result<Option<Timestamp>, FieldError> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = || Some(text.parse::<chrono::NaiveDate>().ok()?.and_time(chrono::NaiveTime::MIN).and_utc());
    let without_offset = || Some(text.parse::<chrono::NaiveDateTime>().ok()?.and_utc());
    let time = text.parse().ok().or_else(day).or_else(without_offset);
    let invalid = || FieldError::malformed(SIGNATURE_COLUMN, format!("must be a date like 2026-03-16, not `{text}`"));
    time.map(Some).ok_or_else(invalid)
}
