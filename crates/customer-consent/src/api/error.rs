//! The table of errors and gRPC statuses. It reveals nothing internal.

use std::time::Duration;

use cpor_durable::{CommandError, StoreError};
use cpor_kit::status;
use cpor_proto::{consents::v1::ErrorReason, options::v1 as options};
use cpor_types::rfc3339;
use tonic::{Code, Status};

use crate::domain::Refusal;
use crate::store::NoConflict;

/// When a client should retry if the database is unavailable.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Returns the status for a failed command. `name` is the resource name of the consent.
pub(super) fn command_error(name: &str, failure: CommandError<Refusal, NoConflict>) -> Status {
    match failure {
        CommandError::Refused(refusal) => refusal_status(name, refusal),
        CommandError::Conflict(clash) => match clash {},
        CommandError::VersionMismatch { .. } => etag_mismatch(),
        CommandError::RequestIdReused => {
            let message = "request_id: must not be reused for a different request";
            status::refused(Code::InvalidArgument, options::ErrorReason::RequestIdReused.as_str_name(), message, &[])
        }
        CommandError::Overloaded => status::overloaded(RETRY_AFTER),
        CommandError::Unavailable(reason) => storage_unavailable(&reason),
        // Only events have sequence numbers, and no RPC applies an event.
        CommandError::SequenceGap { expected } => status::internal(&format!("an RPC got a gap at event {expected}")),
    }
}

/// Returns the status for a command that the domain refused.
fn refusal_status(name: &str, refusal: Refusal) -> Status {
    match refusal {
        Refusal::NotFound => status::not_found(name),
        Refusal::WindowPassed { due } => {
            let due = due.map(rfc3339).unwrap_or_default();
            let metadata: &[(&str, &str)] = if due.is_empty() { &[] } else { &[("due_time", &due)] };
            let message = "the consent window has passed: the claim can no longer be approved or declined";
            with_reason(Code::FailedPrecondition, ErrorReason::WindowPassed, message, metadata)
        }
        Refusal::AlreadyDeclined => with_reason(
            Code::FailedPrecondition,
            ErrorReason::AlreadyDeclined,
            "the customer has already declined the claim",
            &[],
        ),
        Refusal::NoNotice => with_reason(
            Code::FailedPrecondition,
            ErrorReason::NoNotice,
            "no notice has been sent to the customer contact: there is nothing to resend",
            &[],
        ),
        // Only the consent page accepts links.
        Refusal::LinkOutdated => status::internal(&refusal),
        Refusal::ClaimClosed => {
            with_reason(Code::FailedPrecondition, ErrorReason::ClaimClosed, "the claim is closed", &[])
        }
    }
}

/// Returns the status for an etag that does not match the stored version.
pub(super) fn etag_mismatch() -> Status {
    status::refused(
        Code::Aborted,
        options::ErrorReason::EtagMismatch.as_str_name(),
        "etag: the consent has changed; read it again and retry",
        &[],
    )
}

/// Returns the status for a failed read.
pub(super) fn read_error(error: StoreError) -> Status {
    match error {
        StoreError::Db(error) => storage_unavailable(&error.to_string()),
        StoreError::ConcurrentChange(_) | StoreError::Inconsistent { .. } => status::internal(&error),
    }
}

/// Logs the reason and returns a status that asks the client to retry.
fn storage_unavailable(reason: &str) -> Status {
    tracing::warn!(reason, "the database of customer-consent is unavailable");
    status::unavailable(
        options::ErrorReason::Unavailable.as_str_name(),
        "the consents are temporarily unavailable; retry later",
        RETRY_AFTER,
    )
}

/// Returns a status with a stable reason code.
fn with_reason(code: Code, reason: ErrorReason, message: &str, metadata: &[(&str, &str)]) -> Status {
    status::refused(code, reason.as_str_name(), message, metadata)
}
