//! The gRPC statuses of the failures that all services have in common. A service maps only its own
//! refusals (of its domain) and conflicts (with unique keys of its database).
use std::{fmt::Display, time::Duration};

use cpor_call::status;
use cpor_proto::options::v1::ErrorReason;
use tonic::{Code, Status};

use crate::{CommandError, RequestIdReused, StoreError};

/// The delay after which a caller should repeat a call that failed temporarily.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Returns the status of a command that failed. `resource` is the resource name that the request
/// contains. `refused` and `conflicting` map the refusals and conflicts of the command.
///
/// Internal details are logged and not sent to the caller.
pub fn command_error<R, C>(
    resource: &str,
    error: CommandError<R, C>,
    refused: impl FnOnce(R) -> Status,
    conflicting: impl FnOnce(C) -> Status,
) -> Status {
    match error {
        CommandError::Refused(refusal) => refused(refusal),
        CommandError::Conflict(conflict) => conflicting(conflict),
        // Version 0 means that the aggregate does not exist.
        CommandError::VersionMismatch { actual: 0, .. } => status::not_found(resource),
        CommandError::VersionMismatch { .. } => {
            let message = "etag: must be the current etag of the resource; read the resource again";
            status::with_reason(Code::Aborted, ErrorReason::EtagMismatch.as_str_name(), message, &[])
        }
        CommandError::RequestIdReused => RequestIdReused.into(),
        // Only commands that apply events have a place in a stream.
        CommandError::SequenceGap { expected } => {
            status::internal(&format_args!("the command of an RPC has a gap before event {expected} of a stream"))
        }
        CommandError::Overloaded => status::overloaded(RETRY_AFTER),
        CommandError::Unavailable(cause) => unavailable(&cause),
    }
}

impl From<RequestIdReused> for Status {
    fn from(RequestIdReused: RequestIdReused) -> Self {
        let message = "request_id: was already used for a different request";
        status::with_reason(Code::InvalidArgument, ErrorReason::RequestIdReused.as_str_name(), message, &[])
    }
}

/// Returns the status of a query that failed.
#[must_use]
pub fn store_error(error: &StoreError) -> Status {
    match error {
        StoreError::Db(_) | StoreError::ConcurrentChange(_) => unavailable(error),
        StoreError::Inconsistent { .. } => status::internal(error),
    }
}

/// Logs why the service's storage does not answer, and returns a status that asks the caller to
/// try again.
#[must_use]
pub fn unavailable(cause: &(impl Display + ?Sized)) -> Status {
    tracing::warn!(%cause, "the storage of the service is unavailable");
    let message = "the service is temporarily unavailable: try again later";
    status::unavailable(ErrorReason::Unavailable.as_str_name(), message, RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::AggregateKey;

    fn code_and_reason(error: CommandError<Status, Infallible>) -> (Code, String) {
        let status = command_error("claims/1", error, |refusal| refusal, |never| match never {});
        (status.code(), status::reason(&status).unwrap_or_default())
    }

    #[test]
    fn failures_have_stable_reasons() {
        let cases = [
            (CommandError::VersionMismatch { expected: 2, actual: 3 }, Code::Aborted, "ETAG_MISMATCH"),
            (CommandError::VersionMismatch { expected: 2, actual: 0 }, Code::NotFound, "RESOURCE_NOT_FOUND"),
            (CommandError::RequestIdReused, Code::InvalidArgument, "REQUEST_ID_REUSED"),
            (CommandError::SequenceGap { expected: 4 }, Code::Internal, "INTERNAL"),
            (CommandError::Overloaded, Code::ResourceExhausted, "OVERLOADED"),
            (CommandError::Unavailable("pool".to_owned()), Code::Unavailable, "UNAVAILABLE"),
            (CommandError::Refused(Status::not_found("mine")), Code::NotFound, ""),
        ];
        for (error, code, reason) in cases {
            assert_eq!(code_and_reason(error.clone()), (code, reason.to_owned()), "{error:?}");
        }
    }

    #[test]
    fn a_failed_query_is_unavailable_and_a_bad_row_is_internal() {
        let failed = store_error(&StoreError::Db(sea_orm::DbErr::Custom("secret".to_owned())));
        assert_eq!((failed.code(), failed.message().contains("secret")), (Code::Unavailable, false));
        let key = AggregateKey::new("contoso", uuid::Uuid::nil());
        let inconsistent = store_error(&StoreError::inconsistent("claim", &key, "secret"));
        assert_eq!((inconsistent.code(), inconsistent.message().contains("secret")), (Code::Internal, false));
    }
}
