//! The results of an import: a file with one line of JSON for each row, and a printed summary.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use cpor_call::status;
use cpor_proto::claims::v1::{BatchCreateClaimsResult, Violation};
use prost::Message as _;
use serde::Serialize;
use tonic::{Code, Status};

use super::{batch::FieldError, progress::Progress};

/// The result of one row, as written to the results file.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    /// The line of the input file in which the row begins.
    line: u64,
    /// The effect of the row or, if it was only validated, the effect that it would have.
    result: RowResult,
    /// The resource name of the claim. Empty if the row was refused before its claim was known, or
    /// only validated.
    #[serde(skip_serializing_if = "String::is_empty")]
    claim: String,
    /// Whether an earlier call had the same effect, so that this call changed nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    repeated: bool,
    /// The violations for which the submission of the draft would be refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<FieldError>,
    /// The reason why the row was refused, or `None` if it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RowError>,
}

/// The effect of a row of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RowResult {
    /// The row created a draft or a document, or submitted a claim.
    Done,
    /// The row was only validated. It would create a draft or a document, or submit a claim.
    WouldBeDone,
    /// An earlier call had the same effect, so this one changed nothing.
    Repeated,
    /// The row changed a draft.
    Updated,
    /// The row was only validated. It would change a draft.
    WouldBeUpdated,
    /// The draft has the content of the row already.
    Unchanged,
    /// The claim exists and is not a draft. It stays as it is.
    NotADraft,
    /// The row has an error. It changed nothing.
    Refused,
}

impl RowResult {
    /// Returns this result as it is reported for a row that was only validated.
    const fn for_validation(self) -> Self {
        match self {
            Self::Done => Self::WouldBeDone,
            Self::Updated => Self::WouldBeUpdated,
            Self::WouldBeDone
            | Self::Repeated
            | Self::WouldBeUpdated
            | Self::Unchanged
            | Self::NotADraft
            | Self::Refused => self,
        }
    }
}

/// The reason why a row was refused.
#[derive(Debug, Serialize)]
pub(crate) struct RowError {
    /// The name of the gRPC code, for example `InvalidArgument`.
    code: String,
    /// The stable reason, for example `MALFORMED`.
    reason: String,
    /// The message for people.
    message: String,
    /// The errors in single columns or fields.
    fields: Vec<FieldError>,
}

impl RowError {
    /// Creates the error for a row that was not sent, because it cannot be parsed.
    pub(crate) fn malformed(fields: Vec<FieldError>) -> Self {
        let message = "the row is malformed".to_owned();
        let reason = cpor_proto::options::v1::FieldViolationReason::Malformed.as_str_name().to_owned();
        Self { code: code_name(Code::InvalidArgument), reason, message, fields }
    }

    /// Creates the error for a row that the server refused.
    pub(crate) fn from_status(status: &Status) -> Self {
        let field_error = |violation: status::FieldViolation| FieldError {
            field: violation.field,
            reason: violation.reason,
            description: violation.description,
        };
        Self {
            code: code_name(status.code()),
            reason: status::reason(status).unwrap_or_default(),
            message: status.message().to_owned(),
            fields: status::field_violations(status).into_iter().map(field_error).collect(),
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
    pub(crate) fn refused(line: u64, error: RowError) -> Self {
        Self { error: Some(error), ..Self::accepted(line, RowResult::Refused, String::new()) }
    }

    /// Creates the result of a row that was accepted, about the claim with this name.
    pub(crate) fn accepted(line: u64, result: RowResult, claim: String) -> Self {
        let repeated = result == RowResult::Repeated;
        Self { line, result, claim, repeated, violations: Vec::new(), error: None }
    }

    /// Creates the result of a row about the claim with this name, from the outcome of its calls.
    ///
    /// # Errors
    /// Returns the status of a call if the server could not be reached or did not accept the
    /// caller's token. The import cannot continue then.
    pub(crate) fn from_calls(line: u64, claim: &str, outcome: Result<RowResult, Status>) -> Result<Self, Status> {
        match outcome {
            Ok(result) => Ok(Self::accepted(line, result, claim.to_owned())),
            Err(status) if matches!(status.code(), Code::Unavailable | Code::Unauthenticated) => Err(status),
            Err(status) => Ok(Self { claim: claim.to_owned(), ..Self::refused(line, RowError::from_status(&status)) }),
        }
    }

    /// Returns the line and the claim of a row if the claim has the content of the row.
    pub(super) fn claim_with_content(&self) -> Option<(u64, &str)> {
        let has_content = match self.result {
            RowResult::Done | RowResult::Repeated | RowResult::Updated | RowResult::Unchanged => true,
            RowResult::WouldBeDone | RowResult::WouldBeUpdated | RowResult::NotADraft | RowResult::Refused => false,
        };
        has_content.then_some((self.line, self.claim.as_str()))
    }

    /// Returns the line of a row that an earlier call or import had handled.
    pub(super) fn repeated_line(&self) -> Option<u64> {
        (self.result == RowResult::Repeated).then_some(self.line)
    }

    /// Adds the violations of the draft.
    pub(crate) fn with_violations(self, violations: Vec<Violation>) -> Self {
        let violations = violations.into_iter().map(|violation| FieldError {
            field: violation.field,
            reason: violation.reason,
            description: violation.description,
        });
        Self { violations: violations.collect(), ..self }
    }

    /// Creates the result of a row from the response of the server.
    pub(super) fn from_proto(line: u64, result: BatchCreateClaimsResult) -> Self {
        let BatchCreateClaimsResult { claim, violations, replayed, error } = result;
        match error {
            Some(error) => Self::refused(line, RowError::from_status(&to_status(&error))),
            None => {
                let result = if replayed { RowResult::Repeated } else { RowResult::Done };
                Self::accepted(line, result, claim).with_violations(violations)
            }
        }
    }
}

/// The results file that is being written, and the counts for progress and summary.
pub(crate) struct ResultsFile {
    path: PathBuf,
    file: BufWriter<File>,
    counts: Counts,
    progress: Progress,
    /// Whether the rows are only validated.
    validate_only: bool,
}

/// The numbers of rows so far, by their results.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// The number of all rows.
    pub(super) rows: u64,
    /// The number of rows that created a draft or a document, or submitted a claim.
    pub(super) done: u64,
    pub(super) repeated: u64,
    pub(super) updated: u64,
    pub(super) unchanged: u64,
    pub(super) not_a_draft: u64,
    pub(super) refused: u64,
}

impl Counts {
    /// Counts a row with this result.
    fn add(&mut self, result: RowResult) {
        self.rows += 1;
        *match result {
            RowResult::Done | RowResult::WouldBeDone => &mut self.done,
            RowResult::Repeated => &mut self.repeated,
            RowResult::Updated | RowResult::WouldBeUpdated => &mut self.updated,
            RowResult::Unchanged => &mut self.unchanged,
            RowResult::NotADraft => &mut self.not_a_draft,
            RowResult::Refused => &mut self.refused,
        } += 1;
    }

    /// Returns the summary, for example `3 claims: 1 imported, 2 refused`. `row` is the noun for a
    /// row (`claim`), and `verb` is the participle of its action (`imported`).
    fn summary(self, row: &str, verb: &str, validate_only: bool) -> String {
        let would_be = if validate_only { "would be " } else { "" };
        let not_a_draft = if self.not_a_draft == 1 {
            "not a draft, which stays as it is"
        } else {
            "not drafts, which stay as they are"
        };
        let parts = [
            (self.done, format!("{would_be}{verb}")),
            (self.repeated, format!("already {verb}")),
            (self.updated, format!("{would_be}updated")),
            (self.unchanged, "unchanged".to_owned()),
            (self.not_a_draft, not_a_draft.to_owned()),
            (self.refused, if validate_only { "would be refused" } else { "refused" }.to_owned()),
        ];
        let parts: Vec<String> =
            parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, text)| format!("{count} {text}")).collect();
        let separator = if parts.is_empty() { "" } else { ": " };
        format!("{}{separator}{}", number_with_noun(self.rows, row), parts.join(", "))
    }
}

/// Returns a number with its noun, for example `1 row` or `2 rows`.
pub(super) fn number_with_noun(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

impl ResultsFile {
    /// Creates the file, or replaces its content.
    pub(super) fn create(path: PathBuf, progress: Progress, validate_only: bool) -> anyhow::Result<Self> {
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path, file: BufWriter::new(file), counts: Counts::default(), progress, validate_only })
    }

    /// Writes the results of a batch, in the order of the input file.
    pub(crate) fn write(&mut self, mut outcomes: Vec<Outcome>) -> anyhow::Result<()> {
        outcomes.sort_by_key(|outcome| outcome.line);
        for outcome in &mut outcomes {
            if self.validate_only {
                outcome.result = outcome.result.for_validation();
            }
            self.counts.add(outcome.result);
            serde_json::to_writer(&mut self.file, outcome)?;
            self.file.write_all(b"\n")?;
        }
        self.file.flush()?;
        self.progress.update(self.counts, outcomes.last().map_or(0, |outcome| outcome.line));
        Ok(())
    }

    /// Prints the summary. `row` is the noun for a row (`claim`), and `verb` is the participle of
    /// its action (`imported`). Returns whether no row was refused.
    #[expect(clippy::print_stdout, reason = "the summary is the output of the command")]
    pub(crate) fn finish(self, row: &str, verb: &str) -> anyhow::Result<bool> {
        drop(self.progress);
        println!("{}; see {}", self.counts.summary(row, verb, self.validate_only), self.path.display());
        Ok(self.counts.refused == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_was_done() {
        let mut counts = Counts::default();
        assert_eq!(counts.summary("claim", "imported", false), "0 claims");
        counts.add(RowResult::Done);
        assert_eq!(counts.summary("claim", "imported", false), "1 claim: 1 imported");
        for result in [RowResult::Repeated, RowResult::Repeated, RowResult::NotADraft] {
            counts.add(result);
        }
        assert_eq!(
            counts.summary("claim", "submitted", false),
            "4 claims: 1 submitted, 2 already submitted, 1 not a draft, which stays as it is"
        );
        for result in [RowResult::Updated, RowResult::Unchanged, RowResult::NotADraft, RowResult::Refused] {
            counts.add(result.for_validation());
        }
        assert_eq!(
            counts.summary("claim", "imported", true),
            "8 claims: 1 would be imported, 2 already imported, 1 would be updated, 1 unchanged, \
             2 not drafts, which stay as they are, 1 would be refused"
        );
    }
}
