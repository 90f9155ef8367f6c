//! What went wrong, as callers see it: one table, and nothing internal.

use std::time::Duration;

use cpor_durable::{Failure, StoreError};
use cpor_kit::status;
use cpor_proto::consents::v1::ErrorReason;
use cpor_types::rfc3339;
use tonic::{Code, Status};

use crate::domain::Refusal;
use crate::store::NoClash;

/// When to try again what the database did not answer.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A customer's word that was not taken; `name` is the consent's.
pub(super) fn failed(name: &str, failure: Failure<Refusal, NoClash>) -> Status {
    match failure {
        Failure::Refused(refusal) => refused(name, refusal),
        Failure::Clash(clash) => match clash {},
        Failure::Moved { .. } => etag_mismatch(),
        Failure::RequestIdReused => {
            let message = "the request id was used for another request";
            of(Code::InvalidArgument, ErrorReason::RequestIdReused, message, &[])
        }
        Failure::Overloaded => status::overloaded(RETRY_AFTER),
        Failure::Unavailable(why) => unavailable(&why),
        // Only events have positions, and no method sends one.
        Failure::Gap { expected } => status::internal(&format!("event {expected} where there is none")),
    }
}

fn refused(name: &str, refusal: Refusal) -> Status {
    match refusal {
        Refusal::NotFound => status::not_found(name),
        Refusal::WindowPassed { due } => {
            let due = due.map(rfc3339).unwrap_or_default();
            let metadata: &[(&str, &str)] = if due.is_empty() { &[] } else { &[("due_time", &due)] };
            let message = "the window has passed: the claim can no longer be declined or approved here";
            of(Code::FailedPrecondition, ErrorReason::WindowPassed, message, metadata)
        }
        Refusal::AlreadyDeclined => {
            of(Code::FailedPrecondition, ErrorReason::AlreadyDeclined, "the customer has declined", &[])
        }
        Refusal::NoNotice => {
            of(Code::FailedPrecondition, ErrorReason::NoNotice, "the customer has not been notified", &[])
        }
        // Only the page knows of links.
        Refusal::LinkOutdated => status::internal(&refusal),
        Refusal::ClaimClosed => of(Code::FailedPrecondition, ErrorReason::ClaimClosed, "the claim is closed", &[]),
    }
}

/// The consent has changed since its etag was read.
pub(super) fn etag_mismatch() -> Status {
    of(Code::Aborted, ErrorReason::EtagMismatch, "the consent has changed since: read it again", &[])
}

/// A read that failed.
pub(super) fn unread(error: StoreError) -> Status {
    match error {
        StoreError::Db(error) => unavailable(&error.to_string()),
        StoreError::Lost(_) | StoreError::Inconsistent { .. } => status::internal(&error),
    }
}

fn unavailable(why: &str) -> Status {
    tracing::warn!(why, "the consents' database does not answer");
    status::unavailable("STORAGE_UNAVAILABLE", "consents cannot be had now; try again", RETRY_AFTER)
}

fn of(code: Code, reason: ErrorReason, message: &str, metadata: &[(&str, &str)]) -> Status {
    status::refused(code, reason.as_str_name(), message, metadata)
}
