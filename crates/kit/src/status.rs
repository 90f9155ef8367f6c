//! Errors as callers see them: canonical codes, always with `google.rpc.ErrorInfo` (domain `cpor`, a stable
//! reason), and nothing internal.
use std::{collections::HashMap, fmt::Display, time::Duration};

use cpor_proto::options::v1::{ErrorReason, FieldViolationReason};
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, PreconditionViolation, StatusExt as _};

/// The domain of every `ErrorInfo`.
pub const DOMAIN: &str = "cpor";

/// One field that is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// Dotted path within the request, for example `claim.lines[0].product`.
    pub field: String,
    /// A stable word for programs, for example `STRING_MAX_LEN`: a value that the API declares.
    pub reason: String,
    /// For people.
    pub description: String,
}

/// What stands in the way of a request that is well-formed in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precondition {
    /// The kind, a stable word such as `STATE`.
    pub kind: String,
    /// What it is about: a resource name or a field.
    pub subject: String,
    /// For people.
    pub description: String,
}

/// A refusal with a documented reason.
#[must_use]
pub fn refused(code: Code, reason: &str, message: impl Into<String>, metadata: &[(&str, &str)]) -> Status {
    Status::with_error_details(code, message, details(reason, metadata))
}

/// Bytes of violations that fit into one answer: clients bound the headers that errors travel in.
const MAX_VIOLATION_BYTES: usize = 5_000;

/// INVALID_ARGUMENT that names every bad field (reason `INVALID_FIELDS`). Where they would not fit into an answer, the
/// last entry, without a field, says how many more there are.
#[must_use]
pub fn invalid(violations: Vec<FieldViolation>) -> Status {
    let message = match violations.as_slice() {
        [only] => format!("{}: {}", only.field, only.description),
        all => format!("{} fields are invalid", all.len()),
    };
    violated(ErrorReason::InvalidFields.as_str_name(), message, violations)
}

/// As [`invalid`], for a reason of the service's own.
#[must_use]
pub fn violated(reason: &str, message: impl Into<String>, violations: Vec<FieldViolation>) -> Status {
    let mut details = details(reason, &[]);
    details.set_bad_request(bounded(violations).into_iter().map(wire_violation).collect::<Vec<_>>());
    Status::with_error_details(Code::InvalidArgument, message, details)
}

fn bounded(mut violations: Vec<FieldViolation>) -> Vec<FieldViolation> {
    let mut bytes = 0;
    let fits = violations.iter().take_while(|one| {
        bytes += one.field.len() + one.reason.len() + one.description.len() + 8;
        bytes <= MAX_VIOLATION_BYTES
    });
    let (fits, all) = (fits.count(), violations.len());
    if fits < all {
        violations.truncate(fits);
        let description = format!("and {} more", all - fits);
        violations.push(FieldViolation {
            field: String::new(),
            reason: FieldViolationReason::More.as_str_name().to_owned(),
            description,
        });
    }
    violations
}

fn wire_violation(violation: FieldViolation) -> tonic_types::FieldViolation {
    let FieldViolation { field, reason, description } = violation;
    debug_assert!(cpor_proto::is_field_violation_reason(&reason), "{field}: the API does not declare `{reason}`");
    tonic_types::FieldViolation { field, description, reason, localized_message: None }
}

/// FAILED_PRECONDITION with every condition that does not hold.
#[must_use]
pub fn precondition(reason: &str, message: impl Into<String>, failed: Vec<Precondition>) -> Status {
    let mut details = details(reason, &[]);
    let failed: Vec<_> =
        failed.into_iter().map(|one| PreconditionViolation::new(one.kind, one.subject, one.description)).collect();
    details.set_precondition_failure(failed);
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

/// NOT_FOUND, for what does not exist and for what is somebody else's alike (reason `RESOURCE_NOT_FOUND`).
#[must_use]
pub fn not_found(resource: &str) -> Status {
    refused(
        Code::NotFound,
        ErrorReason::ResourceNotFound.as_str_name(),
        "the resource does not exist",
        &[("resource", resource)],
    )
}

/// UNAVAILABLE: something that is needed does not answer; with `RetryInfo`.
#[must_use]
pub fn unavailable(reason: &str, message: impl Into<String>, retry_after: Duration) -> Status {
    let mut details = details(reason, &[]);
    details.set_retry_info(Some(retry_after));
    Status::with_error_details(Code::Unavailable, message, details)
}

/// RESOURCE_EXHAUSTED: shed before any work was done; with `RetryInfo` (reason `OVERLOADED`).
#[must_use]
pub fn overloaded(retry_after: Duration) -> Status {
    exhausted(ErrorReason::Overloaded.as_str_name(), "too many requests are in work; try again", &[], retry_after)
}

/// RESOURCE_EXHAUSTED: there is no more of something now; with `RetryInfo`.
#[must_use]
pub fn exhausted(reason: &str, message: impl Into<String>, metadata: &[(&str, &str)], retry_after: Duration) -> Status {
    let mut details = details(reason, metadata);
    details.set_retry_info(Some(retry_after));
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// INTERNAL (reason `INTERNAL`). The error goes to the log; the caller gets the trace id to quote and nothing else.
#[must_use]
pub fn internal(error: &(impl Display + ?Sized)) -> Status {
    let trace =
        crate::telemetry::trace_id().or_else(crate::server::current_request_id).unwrap_or_else(|| "none".to_owned());
    tracing::error!(error = %format_args!("{error:#}"), trace, "internal error");
    refused(
        Code::Internal,
        ErrorReason::Internal.as_str_name(),
        format!("internal error; trace {trace}"),
        &[("trace", &trace)],
    )
}

/// A status as a message, for answers that tell of each row what became of it.
#[must_use]
pub fn message(status: &Status) -> tonic_types::Status {
    // What a status carries as its details is a whole `google.rpc.Status`, where it carries any.
    let whole = Some(status.details()).filter(|details| !details.is_empty());
    whole.and_then(|details| tonic_types::Status::decode(details).ok()).unwrap_or_else(|| tonic_types::Status {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}

/// The reason in a status's `ErrorInfo`, if it has one of this domain.
#[must_use]
pub fn reason(status: &Status) -> Option<String> {
    let info = status.get_details_error_info()?;
    (info.domain == DOMAIN).then_some(info.reason)
}

/// One entry of the metadata in a status's `ErrorInfo`.
#[must_use]
pub fn metadata(status: &Status, key: &str) -> Option<String> {
    status.get_details_error_info()?.metadata.remove(key)
}

/// The field violations of a status, as [`invalid`] was given them.
#[must_use]
pub fn violations(status: &Status) -> Vec<FieldViolation> {
    let Some(request) = status.get_details_bad_request() else { return Vec::new() };
    let read = |wire: tonic_types::FieldViolation| FieldViolation {
        field: wire.field,
        reason: wire.reason,
        description: wire.description,
    };
    request.field_violations.into_iter().map(read).collect()
}

/// How long the answer asks its caller to wait before trying again.
#[must_use]
pub fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

fn details(reason: &str, metadata: &[(&str, &str)]) -> ErrorDetails {
    // Every status of a test run is checked, so that no undocumented reason reaches a caller.
    debug_assert!(cpor_proto::is_error_reason(reason), "no ErrorReason of the API declares `{reason}`");
    let metadata: HashMap<String, String> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ErrorDetails::with_error_info(reason, DOMAIN, metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_violation_survives_the_wire() {
        let all = vec![
            FieldViolation {
                field: "claim.lines[0].product".to_owned(),
                reason: "STRING_MIN_LEN".to_owned(),
                description: "must not be empty".to_owned(),
            },
            FieldViolation {
                field: "name".to_owned(),
                reason: "MALFORMED".to_owned(),
                description: "is odd".to_owned(),
            },
        ];
        let status = invalid(all.clone());
        assert_eq!((status.code(), reason(&status).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELDS")));
        assert_eq!(violations(&status), all);
    }

    #[test]
    fn more_violations_than_fit_are_counted() {
        let one = FieldViolation { field: "x".repeat(83), reason: "MALFORMED".to_owned(), description: String::new() };
        let read = violations(&invalid(vec![one; 1000]));
        assert_eq!((read.len(), read.last().unwrap().description.as_str()), (51, "and 950 more"));
    }

    #[test]
    fn an_internal_error_shows_nothing_of_its_cause() {
        let status = internal("SELECT * FROM claim: connection refused at 10.0.0.7");
        assert_eq!((status.code(), reason(&status).as_deref()), (Code::Internal, Some("INTERNAL")));
        assert!(status.message().starts_with("internal error; trace "), "{}", status.message());
        assert!(!String::from_utf8_lossy(status.details()).contains("SELECT"));
    }

    #[test]
    fn shedding_says_when_to_come_back() {
        let wait = Duration::from_millis(250);
        assert_eq!(retry_after(&overloaded(wait)), Some(wait));
        let status = unavailable("REGISTRY_UNAVAILABLE", "the registry does not answer", wait);
        assert_eq!((status.code(), retry_after(&status)), (Code::Unavailable, Some(wait)));
        assert_eq!(reason(&status).as_deref(), Some("REGISTRY_UNAVAILABLE"));
    }

    #[test]
    fn metadata_can_be_read_back() {
        let status = not_found("partners/contoso/claims/1");
        assert_eq!(metadata(&status, "resource").as_deref(), Some("partners/contoso/claims/1"));
    }

    #[test]
    fn a_status_is_the_same_as_a_message_with_details_or_without() {
        for status in [not_found("partners/contoso"), Status::aborted("moved")] {
            let message = message(&status);
            assert_eq!((message.code, message.message.as_str()), (i32::from(status.code()), status.message()));
        }
    }
}
