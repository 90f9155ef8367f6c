//! A readable form of gRPC statuses, for snapshots.

use std::fmt::Write as _;

use tonic::Status;
use tonic_types::StatusExt as _;

/// Describes a status with its details, one line for each part.
///
/// # Panics
/// Never panics: writing to a string does not fail.
#[must_use]
pub fn describe_status(status: &Status) -> String {
    let mut text = format!("{:?}: {}\n", status.code(), status.message());
    let details = status.get_error_details();
    if let Some(info) = details.error_info() {
        writeln!(text, "reason: {} ({})", info.reason, info.domain).unwrap();
        let mut metadata: Vec<_> = info.metadata.iter().collect();
        metadata.sort();
        for (key, value) in metadata {
            writeln!(text, "  {key}: {value}").unwrap();
        }
    }
    for violation in details.bad_request().into_iter().flat_map(|request| &request.field_violations) {
        writeln!(text, "field {}: {}", violation.field, violation.description).unwrap();
    }
    for violation in details.precondition_failure().into_iter().flat_map(|failure| &failure.violations) {
        writeln!(text, "precondition {} {}: {}", violation.r#type, violation.subject, violation.description).unwrap();
    }
    if let Some(delay) = details.retry_info().and_then(|retry| retry.retry_delay) {
        writeln!(text, "retry after {delay:?}").unwrap();
    }
    text
}
