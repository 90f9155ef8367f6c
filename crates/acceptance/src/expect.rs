//! What a refusal must look like.

use std::{collections::BTreeSet, fmt::Debug, time::Duration};

use cpor_kit::status;
use tonic::{Code, Status};

/// Refused with this code, and this reason in the `ErrorInfo` of the domain `cpor`.
#[track_caller]
pub fn refused<T: Debug>(answer: Result<T, Status>, code: Code, wanted: &str) -> Status {
    let status = answer.expect_err("a refusal");
    assert_eq!((status.code(), reason(&status).as_str()), (code, wanted), "{status:?}");
    leaks_nothing(&status);
    status
}

/// Refused because the state does not admit `command`: FAILED_PRECONDITION with COMMAND_NOT_ALLOWED, naming state, command, and what is
/// allowed. The command and the state are in lower case, as `resubmit` in `under_review`.
#[track_caller]
pub fn not_allowed<T: Debug>(answer: Result<T, Status>, command: &str, state: &str) -> Status {
    let status = refused(answer, Code::FailedPrecondition, "COMMAND_NOT_ALLOWED");
    let said = |key: &str| metadata(&status, key).to_lowercase();
    assert_eq!((said("command").as_str(), said("state").as_str()), (command, state), "{status:?}");
    assert!(status::metadata(&status, "allowed").is_some(), "the refusal does not say what is allowed: {status:?}");
    status
}

/// Refused for exactly these violations of the claim, each a field and a reason, in any order (R11).
#[track_caller]
pub fn violates<T: Debug>(answer: Result<T, Status>, wanted: &[(&str, &str)]) {
    let status = refused(answer, Code::InvalidArgument, "CLAIM_INCOMPLETE");
    let wanted: BTreeSet<_> =
        wanted.iter().map(|(field, reason)| ((*field).to_owned(), (*reason).to_owned())).collect();
    assert_eq!(faults(&status), wanted);
}

/// The field violations of a refusal: field and reason.
#[must_use]
#[track_caller]
pub fn faults(status: &Status) -> BTreeSet<(String, String)> {
    let faults = status::violations(status);
    assert!(faults.iter().all(|fault| !fault.description.is_empty()), "a violation without words: {faults:?}");
    faults.into_iter().map(|fault| (fault.field, fault.reason)).collect()
}

/// The reason in the `ErrorInfo`; empty when there is none of this domain.
#[must_use]
pub fn reason(status: &Status) -> String {
    status::reason(status).unwrap_or_default()
}

/// One entry of the `ErrorInfo`'s metadata; empty when there is none.
#[must_use]
pub fn metadata(status: &Status, key: &str) -> String {
    status::metadata(status, key).unwrap_or_default()
}

/// How long the refusal asks to wait.
#[must_use]
pub fn retry_after(status: &Status) -> Option<Duration> {
    status::retry_after(status)
}

/// No SQL, driver, table, path or panic in what a caller reads.
#[track_caller]
fn leaks_nothing(status: &Status) {
    let shown = format!("{} {}", status.message(), String::from_utf8_lossy(status.details())).to_lowercase();
    for inside in [
        "select ",
        "insert into",
        "sqlx",
        "sqlite",
        "postgres",
        "constraint",
        "panicked",
        "cpor-test-",
        "/tmp/",
        ".rs:",
    ] {
        assert!(!shown.contains(inside), "a caller reads of {inside:?}: {shown}");
    }
}
