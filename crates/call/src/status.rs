//! gRPC errors as clients see them. Every error has a canonical code and a `google.rpc.ErrorInfo`
//! with the domain `cpor` and a stable reason, and reveals nothing internal. The module also has
//! functions that read such errors.
use std::{collections::HashMap, fmt::Display, time::Duration};

use cpor_proto::options::v1::{ErrorReason, FieldViolationReason};
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The domain in every `ErrorInfo`.
pub const DOMAIN: &str = "cpor";

/// One invalid field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// The dotted path of the field within the request, for example `claim.lines[0].product`.
    pub field: String,
    /// The stable code of the rule that the field violates, for example `STRING_MAX_LEN`.
    pub reason: String,
    /// The rule in words, for example `must have at most 200 characters`.
    pub description: String,
}

/// One condition that is not fulfilled, so that a well-formed request cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreconditionViolation {
    /// The stable code for the kind of the condition, for example `STATE`.
    pub kind: String,
    /// The resource name or the field that the condition is about.
    pub subject: String,
    /// The condition in words.
    pub description: String,
}

/// Returns an error with the given code, reason, message and `ErrorInfo` metadata.
#[must_use]
pub fn with_reason(code: Code, reason: &str, message: impl Into<String>, metadata: &[(&str, &str)]) -> Status {
    Status::with_error_details(code, message, details(reason, metadata))
}

/// The maximum number of bytes of field violations in one error. Errors travel in HTTP headers,
/// whose size clients limit.
const MAX_VIOLATION_BYTES: usize = 5_000;
/// The maximum size of the violations in the message of an error. Messages are sent in a trailer,
/// for which clients accept about 8 KiB.
const MAX_SUMMARY_BYTES: usize = 1_000;

/// Returns INVALID_ARGUMENT (`INVALID_FIELDS`) with all field violations. If they exceed 5,000
/// bytes, a last entry without a field contains the number of violations that were left out.
#[must_use]
pub fn invalid_fields(violations: Vec<FieldViolation>) -> Status {
    let message = match violations.as_slice() {
        [only] => summarize(std::slice::from_ref(only)),
        all => format!("{} fields are invalid: {}", all.len(), summarize(all)),
    };
    invalid_argument(ErrorReason::InvalidFields.as_str_name(), message, violations)
}

/// Returns the violations as one line for the message of an error, for people who do not see its
/// details: `mpn_id: is required; lines: is required`. At most about 1,000 bytes are returned; then
/// follows the number of violations that were left out.
#[must_use]
pub fn summarize(violations: &[FieldViolation]) -> String {
    let mut summary = String::new();
    for (index, FieldViolation { field, description, .. }) in violations.iter().enumerate() {
        let separator = if index == 0 { "" } else { "; " };
        if index > 0 && summary.len() + field.len() + description.len() > MAX_SUMMARY_BYTES {
            return format!("{summary}{separator}and {} more", violations.len() - index);
        }
        summary.push_str(&format!("{separator}{field}: {description}"));
    }
    summary
}

/// Returns INVALID_ARGUMENT with the given reason and all field violations. If they exceed 5,000
/// bytes, a last entry without a field contains the number of violations that were left out.
#[must_use]
pub fn invalid_argument(reason: &str, message: impl Into<String>, violations: Vec<FieldViolation>) -> Status {
    let mut details = details(reason, &[]);
    details.set_bad_request(truncated(violations).into_iter().map(to_proto_violation).collect::<Vec<_>>());
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// Shortens the list to [`MAX_VIOLATION_BYTES`] and appends an entry with the number of violations
/// that were left out.
fn truncated(mut violations: Vec<FieldViolation>) -> Vec<FieldViolation> {
    let mut bytes = 0;
    let fitting = violations.iter().take_while(|violation| {
        bytes += violation.field.len() + violation.reason.len() + violation.description.len() + 8;
        bytes <= MAX_VIOLATION_BYTES
    });
    let (kept, total) = (fitting.count(), violations.len());
    if kept < total {
        violations.truncate(kept);
        let description = format!("and {} more", total - kept);
        violations.push(FieldViolation {
            field: String::new(),
            reason: FieldViolationReason::More.as_str_name().to_owned(),
            description,
        });
    }
    violations
}

#[expect(clippy::disallowed_macros, reason = "the profile of this crate has debug-assertions")]
fn to_proto_violation(violation: FieldViolation) -> tonic_types::FieldViolation {
    let FieldViolation { field, reason, description } = violation;
    debug_assert!(cpor_proto::is_field_violation_reason(&reason), "{field}: the API does not declare `{reason}`");
    tonic_types::FieldViolation { field, description, reason, localized_message: None }
}

/// Returns FAILED_PRECONDITION with the given reason and every condition that does not hold.
#[must_use]
pub fn failed_precondition(reason: &str, message: impl Into<String>, violations: Vec<PreconditionViolation>) -> Status {
    let mut details = details(reason, &[]);
    let to_proto = |violation: PreconditionViolation| {
        tonic_types::PreconditionViolation::new(violation.kind, violation.subject, violation.description)
    };
    details.set_precondition_failure(violations.into_iter().map(to_proto).collect::<Vec<_>>());
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

/// Returns NOT_FOUND (`RESOURCE_NOT_FOUND`). A resource of another owner gets the same error as a
/// resource that does not exist.
#[must_use]
pub fn not_found(resource: &str) -> Status {
    with_reason(
        Code::NotFound,
        ErrorReason::ResourceNotFound.as_str_name(),
        not_found_message(resource),
        &[("resource", resource)],
    )
}

/// Returns the message about a resource that is not found: `review case "tenants/…/reviewCases/…"
/// does not exist or is not visible to you`. The kind of the resource follows from its name.
#[must_use]
pub fn not_found_message(resource: &str) -> String {
    let kind = kind_of_resource(resource).map(|kind| kind + " ").unwrap_or_default();
    format!("{kind}\"{resource}\" does not exist or is not visible to you")
}

/// Returns the kind of a resource in words, for example `program guide`: its collection in the
/// singular. `None` if the text is not a resource name.
fn kind_of_resource(name: &str) -> Option<String> {
    let segments: Vec<&str> = name.split('/').collect();
    let [.., collection, _] = segments.as_slice() else { return None };
    let mut words = String::new();
    for character in collection.chars() {
        if character.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    let singular = words.strip_suffix("ies").map(|stem| format!("{stem}y"));
    singular.or_else(|| words.strip_suffix('s').map(str::to_owned)).or(Some(words))
}

/// Returns UNAVAILABLE with the given reason and `RetryInfo`. It is for a dependency that does not
/// respond.
#[must_use]
pub fn unavailable(reason: &str, message: impl Into<String>, retry_after: Duration) -> Status {
    let mut details = details(reason, &[]);
    details.set_retry_info(Some(retry_after));
    Status::with_error_details(Code::Unavailable, message, details)
}

/// Returns RESOURCE_EXHAUSTED (`OVERLOADED`) with `RetryInfo`. It is for a request that was refused
/// before any work on it began.
#[must_use]
pub fn overloaded(retry_after: Duration) -> Status {
    resource_exhausted(
        ErrorReason::Overloaded.as_str_name(),
        "too many requests in progress; try again later",
        &[],
        retry_after,
    )
}

/// Returns RESOURCE_EXHAUSTED with the given reason, metadata and `RetryInfo`. It is for a limit
/// that is reached.
#[must_use]
pub fn resource_exhausted(
    reason: &str,
    message: impl Into<String>,
    metadata: &[(&str, &str)],
    retry_after: Duration,
) -> Status {
    let mut details = details(reason, metadata);
    details.set_retry_info(Some(retry_after));
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// Logs the error and returns INTERNAL (`INTERNAL`). The client gets only an id that it can quote
/// to an operator: the id of the trace or, without a trace, of the request.
#[must_use]
pub fn internal(error: &(impl Display + ?Sized)) -> Status {
    let trace = cpor_process::telemetry::trace_id()
        .or_else(crate::context::current_request_id)
        .unwrap_or_else(|| "none".to_owned());
    tracing::error!(error = %format_args!("{error:#}"), trace, "internal error");
    with_reason(
        Code::Internal,
        ErrorReason::Internal.as_str_name(),
        format!("internal error; trace {trace}"),
        &[("trace", &trace)],
    )
}

/// Converts an error to a `google.rpc.Status` message, for responses that contain a result for each
/// row.
#[must_use]
pub fn to_proto(status: &Status) -> tonic_types::Status {
    // The details of a tonic status, if there are any, are the encoded `google.rpc.Status` itself.
    let encoded = Some(status.details()).filter(|details| !details.is_empty());
    encoded.and_then(|details| tonic_types::Status::decode(details).ok()).unwrap_or_else(|| tonic_types::Status {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}

/// Returns the reason in the `ErrorInfo` of an error, or `None` if there is no `ErrorInfo` of the
/// domain `cpor`.
#[must_use]
pub fn reason(status: &Status) -> Option<String> {
    let info = status.get_details_error_info()?;
    (info.domain == DOMAIN).then_some(info.reason)
}

/// Returns the metadata value with the given key from the `ErrorInfo` of an error.
#[must_use]
pub fn metadata(status: &Status, key: &str) -> Option<String> {
    status.get_details_error_info()?.metadata.remove(key)
}

/// Returns the field violations of an error. The list is empty if the error has no `BadRequest`.
#[must_use]
pub fn field_violations(status: &Status) -> Vec<FieldViolation> {
    let Some(request) = status.get_details_bad_request() else { return Vec::new() };
    let from_proto = |violation: tonic_types::FieldViolation| FieldViolation {
        field: violation.field,
        reason: violation.reason,
        description: violation.description,
    };
    request.field_violations.into_iter().map(from_proto).collect()
}

/// Returns how long the client should wait before it tries again, from the `RetryInfo` of an error.
#[must_use]
pub fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

#[expect(clippy::disallowed_macros, reason = "the profile of this crate has debug-assertions")]
fn details(reason: &str, metadata: &[(&str, &str)]) -> ErrorDetails {
    // Debug builds, such as those of tests, check every reason, so that no undocumented reason
    // reaches a caller.
    debug_assert!(cpor_proto::is_error_reason(reason), "no ErrorReason of the API declares `{reason}`");
    let metadata: HashMap<String, String> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ErrorDetails::with_error_info(reason, DOMAIN, metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_violations_can_be_read_back() {
        let all = vec![
            FieldViolation {
                field: "claim.lines[0].product".to_owned(),
                reason: "STRING_MIN_LEN".to_owned(),
                description: "must not be empty".to_owned(),
            },
            FieldViolation {
                field: "name".to_owned(),
                reason: "MALFORMED".to_owned(),
                description: "must be even".to_owned(),
            },
        ];
        let status = invalid_fields(all.clone());
        assert_eq!((status.code(), reason(&status).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELDS")));
        assert_eq!(field_violations(&status), all);
    }

    #[test]
    fn the_message_summarizes_the_violations() {
        let violation = |field: &str| FieldViolation {
            field: field.to_owned(),
            reason: "MALFORMED".to_owned(),
            description: "must be even".to_owned(),
        };
        let status = invalid_fields(vec![violation("a"), violation("b")]);
        assert_eq!(status.message(), "2 fields are invalid: a: must be even; b: must be even");
        let status = invalid_fields(vec![violation(&"x".repeat(400)); 5]);
        assert!(status.message().ends_with("; and 3 more") && status.message().len() < 1_100, "{}", status.message());
    }

    #[test]
    fn left_out_violations_are_counted() {
        let violation =
            FieldViolation { field: "x".repeat(83), reason: "MALFORMED".to_owned(), description: String::new() };
        let found = field_violations(&invalid_fields(vec![violation; 1000]));
        assert_eq!((found.len(), found.last().unwrap().description.as_str()), (51, "and 950 more"));
    }

    #[test]
    fn an_internal_error_hides_its_cause() {
        let status = internal("SELECT * FROM claim: connection refused at 10.0.0.7");
        assert_eq!((status.code(), reason(&status).as_deref()), (Code::Internal, Some("INTERNAL")));
        assert!(status.message().starts_with("internal error; trace "), "{}", status.message());
        assert!(!String::from_utf8_lossy(status.details()).contains("SELECT"));
    }

    #[test]
    fn retryable_errors_say_how_long_to_wait() {
        let wait = Duration::from_millis(250);
        assert_eq!(retry_after(&overloaded(wait)), Some(wait));
        let status = unavailable("REGISTRY_UNAVAILABLE", "the registry does not respond", wait);
        assert_eq!((status.code(), retry_after(&status)), (Code::Unavailable, Some(wait)));
        assert_eq!(reason(&status).as_deref(), Some("REGISTRY_UNAVAILABLE"));
    }

    #[test]
    fn metadata_can_be_read_back() {
        let status = not_found("partners/contoso/claims/1");
        assert_eq!(metadata(&status, "resource").as_deref(), Some("partners/contoso/claims/1"));
    }

    #[test]
    fn a_missing_resource_is_named_with_its_kind() {
        for (resource, kind) in [
            ("partners/contoso/claims/1", "claim "),
            ("partners/contoso/claims/1/evidence/2", "evidence "),
            ("tenants/1/reviewCases/2", "review case "),
            ("programGuides/2026", "program guide "),
            ("policies/2021", "policy "),
            ("fabrikam.example", ""),
        ] {
            let expected = format!("{kind}\"{resource}\" does not exist or is not visible to you");
            assert_eq!(not_found(resource).message(), expected);
        }
    }

    #[test]
    fn converts_to_proto_with_and_without_details() {
        for status in [not_found("partners/contoso"), Status::aborted("version mismatch")] {
            let proto = to_proto(&status);
            assert_eq!((proto.code, proto.message.as_str()), (i32::from(status.code()), status.message()));
        }
    }
}
