//! The results of an import: a file with one line of JSON for each row, and a printed summary.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use anyhow::Context as _;
use cpor_call::status;
use cpor_proto::claims::v1::BatchCreateClaimsResult;
use prost::Message as _;
use serde::Serialize;
use tonic::{Code, Status};

use super::{batch::FieldError, progress::Progress};

/// The result of one row, as written to the results file.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// The line of the input file in which the row begins.
    line: u64,
    /// The resource name of the claim. Empty if the row was refused or only validated.
    #[serde(skip_serializing_if = "String::is_empty")]
    claim: String,
    /// Whether an earlier import had already created the claim.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    repeated: bool,
    /// The violations for which the submission of the draft would be refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<FieldError>,
    /// The reason why the row was refused, or `None` if it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RowError>,
}

/// The reason why a row was refused.
#[derive(Debug, Serialize)]
pub(super) struct RowError {
    /// The name of the gRPC code, for example `InvalidArgument`.
    code: String,
    /// The stable reason, for example `MALFORMED`.
    reason: String,
    /// The message for people.
    message: String,
    /// The invalid fields.
    fields: Vec<FieldError>,
}

impl RowError {
    /// Creates the error for a row that cannot be parsed and so was not sent.
    pub(super) fn malformed(fields: Vec<FieldError>) -> Self {
        let message = "the row is malformed".to_owned();
        let reason = cpor_proto::options::v1::FieldViolationReason::Malformed.as_str_name().to_owned();
        Self { code: code_name(Code::InvalidArgument), reason, message, fields }
    }

    /// Creates the error for a row that the server refused.
    fn from_proto(error: &tonic_types::Status) -> Self {
        let status = to_status(error);
        let field_error = |violation: status::FieldViolation| FieldError {
            field: violation.field,
            reason: violation.reason,
            description: violation.description,
        };
        Self {
            code: code_name(status.code()),
            reason: status::reason(&status).unwrap_or_default(),
            message: error.message.clone(),
            fields: status::field_violations(&status).into_iter().map(field_error).collect(),
        }
    }
}

/// Converts the error of a row to the status that a call for this row alone would have failed with.
pub(super) fn to_status(error: &tonic_types::Status) -> Status {
    Status::with_details(Code::from(error.code), error.message.clone(), error.encode_to_vec().into())
}

/// Returns the name of the code, for example `InvalidArgument`.
fn code_name(code: Code) -> String {
    format!("{code:?}")
}

impl Outcome {
    /// Creates the result of a row that was refused.
    pub(super) fn refused(line: u64, error: RowError) -> Self {
        Self { line, claim: String::new(), repeated: false, violations: Vec::new(), error: Some(error) }
    }

    /// Creates the result of a row from the response of the server.
    pub(super) fn from_proto(line: u64, result: BatchCreateClaimsResult) -> Self {
        let BatchCreateClaimsResult { claim, violations, replayed, error } = result;
        let violations = violations.into_iter().map(|violation| FieldError {
            field: violation.field,
            reason: violation.reason,
            description: violation.description,
        });
        let error = error.as_ref().map(RowError::from_proto);
        Self { line, claim, repeated: replayed, violations: violations.collect(), error }
    }
}

/// The results file that is being written, and the counts for progress and summary.
pub(super) struct ResultsFile {
    file: BufWriter<File>,
    counts: Counts,
    progress: Progress,
}

/// The numbers of rows so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// All rows.
    pub(super) rows: u64,
    /// Rows whose claims an earlier import had created.
    pub(super) repeated: u64,
    /// Rows that were refused.
    pub(super) refused: u64,
}

impl ResultsFile {
    /// Creates the file, or replaces its content.
    pub(super) fn create(path: &Path, progress: Progress) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { file: BufWriter::new(file), counts: Counts::default(), progress })
    }

    /// Writes the results of a batch, in the order of the input file.
    pub(super) fn write(&mut self, mut outcomes: Vec<Outcome>) -> anyhow::Result<()> {
        outcomes.sort_by_key(|outcome| outcome.line);
        for outcome in outcomes {
            self.counts.rows += 1;
            self.counts.repeated += u64::from(outcome.repeated);
            self.counts.refused += u64::from(outcome.error.is_some());
            serde_json::to_writer(&mut self.file, &outcome)?;
            self.file.write_all(b"\n")?;
        }
        self.file.flush()?;
        self.progress.update(self.counts);
        Ok(())
    }

    /// Prints the summary. Returns whether every row was accepted.
    #[expect(clippy::print_stdout, reason = "the summary is the output of the command")]
    pub(super) fn finish(self, path: &Path) -> anyhow::Result<bool> {
        drop(self.progress);
        let Counts { rows, repeated, refused } = self.counts;
        let imported = rows - repeated - refused;
        println!(
            "{rows} claims: {imported} imported, {repeated} already imported, {refused} refused; see {}",
            path.display()
        );
        Ok(refused == 0)
    }
}
