//! What became of the rows: a line of JSON each, and a summary.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use anyhow::Context as _;
use cpor_kit::status;
use cpor_proto::claims::v1::BatchCreateClaimsResult;
use prost::Message as _;
use serde::Serialize;
use tonic::{Code, Status};

use super::{progress::Progress, row::Fault};

/// What became of a row.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// The line of the file where it begins.
    line: u64,
    /// The claim's name; absent where it was refused, or only judged.
    #[serde(skip_serializing_if = "String::is_empty")]
    claim: String,
    /// It was there already, from an earlier import.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    repeated: bool,
    /// What a submission would refuse.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Fault>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Refusal>,
}

/// Why a row was refused.
#[derive(Debug, Serialize)]
pub(super) struct Refusal {
    code: String,
    reason: String,
    message: String,
    fields: Vec<Fault>,
}

impl Refusal {
    /// It is written in a way that cannot be sent.
    pub(super) fn malformed(fields: Vec<Fault>) -> Self {
        let message = "the row cannot be read".to_owned();
        let reason = cpor_proto::options::v1::FieldViolationReason::Malformed.as_str_name().to_owned();
        Self { code: shown(Code::InvalidArgument), reason, message, fields }
    }

    fn answered(error: &tonic_types::Status) -> Self {
        let refused = refusal(error);
        let field = |found: status::FieldViolation| Fault {
            field: found.field,
            reason: found.reason,
            description: found.description,
        };
        Self {
            code: shown(refused.code()),
            reason: status::reason(&refused).unwrap_or_default(),
            message: error.message.clone(),
            fields: status::violations(&refused).into_iter().map(field).collect(),
        }
    }
}

/// A row's error as the status that a call would have ended with.
pub(super) fn refusal(error: &tonic_types::Status) -> Status {
    Status::with_details(Code::from(error.code), error.message.clone(), error.encode_to_vec().into())
}

fn shown(code: Code) -> String {
    format!("{code:?}")
}

impl Outcome {
    /// It was not taken.
    pub(super) fn refused(line: u64, error: Refusal) -> Self {
        Self { line, claim: String::new(), repeated: false, violations: Vec::new(), error: Some(error) }
    }

    /// What the server says of it.
    pub(super) fn answered(line: u64, result: BatchCreateClaimsResult) -> Self {
        let BatchCreateClaimsResult { claim, violations, replayed, error } = result;
        let violations = violations.into_iter().map(|found| Fault {
            field: found.field,
            reason: found.reason,
            description: found.description,
        });
        let error = error.as_ref().map(Refusal::answered);
        Self { line, claim, repeated: replayed, violations: violations.collect(), error }
    }
}

/// Where results go.
pub(super) struct Results {
    file: BufWriter<File>,
    counts: Counts,
    progress: Progress,
}

/// Of rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) rows: u64,
    pub(super) repeated: u64,
    pub(super) refused: u64,
}

impl Results {
    /// Into a new file of this name.
    pub(super) fn create(path: &Path, progress: Progress) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { file: BufWriter::new(file), counts: Counts::default(), progress })
    }

    /// Writes what became of a batch, in the order of the file.
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
        self.progress.tell(self.counts);
        Ok(())
    }

    /// Says what became of all. `true`: every row was taken.
    #[expect(clippy::print_stdout, reason = "the summary is what was asked for")]
    pub(super) fn finish(self, path: &Path) -> anyhow::Result<bool> {
        drop(self.progress);
        let Counts { rows, repeated, refused } = self.counts;
        let taken = rows - repeated - refused;
        println!("{rows} claims: {taken} taken, {repeated} taken before, {refused} refused; see {}", path.display());
        Ok(refused == 0)
    }
}
