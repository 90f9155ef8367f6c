//! Assertions on the statuses of refused requests.

use std::{collections::BTreeSet, fmt::Debug, time::Duration};

use cpor_call::status;
use tonic::{Code, Status};

/// Asserts that a request was refused with this code, and with this reason in the `ErrorInfo`.
/// Returns the status.
#[track_caller]
pub fn assert_refused<T: Debug>(result: Result<T, Status>, code: Code, expected_reason: &str) -> Status {
    let status = result.expect_err("a refusal");
    assert_eq!((status.code(), reason(&status).as_str()), (code, expected_reason), "{status:?}");
    assert_no_internals(&status);
    status
}

/// Asserts that a command was refused because of the state: with FAILED_PRECONDITION, the reason
/// COMMAND_NOT_ALLOWED, and the state, the command and the allowed commands as metadata. `command`
/// and `state` are in lower case, for example `resubmit` and `under_review`.
#[track_caller]
pub fn assert_not_allowed<T: Debug>(result: Result<T, Status>, command: &str, state: &str) -> Status {
    let status = assert_refused(result, Code::FailedPrecondition, "COMMAND_NOT_ALLOWED");
    let value = |key: &str| metadata(&status, key).to_lowercase();
    assert_eq!((value("command").as_str(), value("state").as_str()), (command, state), "{status:?}");
    assert!(status::metadata(&status, "allowed").is_some(), "the refusal does not say what is allowed: {status:?}");
    status
}

/// Asserts that a submission was refused for exactly these violations, each a field and a reason,
/// in any order (R11).
#[track_caller]
pub fn assert_violations<T: Debug>(result: Result<T, Status>, expected: &[(&str, &str)]) {
    let status = assert_refused(result, Code::InvalidArgument, "CLAIM_INCOMPLETE");
    let expected: BTreeSet<_> =
        expected.iter().map(|(field, reason)| ((*field).to_owned(), (*reason).to_owned())).collect();
    assert_eq!(field_violations(&status), expected);
}

/// Returns the violations of a refusal, each a field and a reason.
#[must_use]
#[track_caller]
pub fn field_violations(status: &Status) -> BTreeSet<(String, String)> {
    let violations = status::field_violations(status);
    let has_description = violations.iter().all(|violation| !violation.description.is_empty());
    assert!(has_description, "a violation without a description: {violations:?}");
    violations.into_iter().map(|violation| (violation.field, violation.reason)).collect()
}

/// Returns the reason in the `ErrorInfo` of the domain `cpor`; empty if there is none.
#[must_use]
pub fn reason(status: &Status) -> String {
    status::reason(status).unwrap_or_default()
}

/// Returns one entry of the metadata in the `ErrorInfo`; empty if there is none.
#[must_use]
pub fn metadata(status: &Status, key: &str) -> String {
    status::metadata(status, key).unwrap_or_default()
}

/// Returns the delay in the `RetryInfo`, if there is one.
#[must_use]
pub fn retry_after(status: &Status) -> Option<Duration> {
    status::retry_after(status)
}

/// Asserts that a status contains no SQL, driver name, file path or panic message.
#[track_caller]
fn assert_no_internals(status: &Status) {
    let content = format!("{} {}", status.message(), String::from_utf8_lossy(status.details())).to_lowercase();
    for internal in [
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
        assert!(!content.contains(internal), "the status contains {internal:?}: {content}");
    }
}
