use std::time::Duration;

use axum::{extract::Request, middleware::Next, response::Response};
use cpor_proto::options::v1::ErrorReason;
use tonic::{Code, Status};

use crate::status;

/// How the transport says that a message is no message.
const MALFORMED: [&str; 5] = [
    "failed to decode Protobuf message",
    "Missing request message",
    "Unexpected EOF decoding stream",
    "protocol error: received message with",
    "message length",
];

/// Gives the errors that the transport made up itself the shape of all others, and hides those that a service let
/// through unconsidered.
pub(super) async fn translate(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let headers = response.headers();
    if !headers.contains_key("grpc-status") || headers.contains_key("grpc-status-details-bin") {
        return response;
    }
    match Status::from_header_map(headers) {
        Some(bare) if bare.code() != Code::Ok => translated(&bare).into_http(),
        Some(_) | None => response,
    }
}

fn translated(bare: &Status) -> Status {
    let (code, message) = (bare.code(), bare.message());
    if code == Code::OutOfRange && message.contains("message length too large") {
        let message = "the message is larger than this server takes";
        return status::refused(Code::ResourceExhausted, ErrorReason::MessageTooLarge.as_str_name(), message, &[]);
    }
    let malformed = MALFORMED.iter().any(|start| message.starts_with(start));
    if malformed && matches!(code, Code::Internal | Code::InvalidArgument) {
        let message = "the bytes are not the message that this method takes";
        return status::refused(Code::InvalidArgument, ErrorReason::MalformedMessage.as_str_name(), message, &[]);
    }
    let Some(reason) = reason_of(code) else { return status::internal(bare) };
    if code == Code::Unavailable {
        tracing::warn!(message, "unavailable");
        return status::unavailable(
            ErrorReason::Unavailable.as_str_name(),
            "temporarily unavailable; try again",
            Duration::from_secs(1),
        );
    }
    // The generated services answer a name that they do not have without a word.
    let unknown = code == Code::Unimplemented && message.is_empty();
    let message = if unknown { "the method is not served here" } else { message };
    status::refused(code, reason.as_str_name(), message, &[])
}

/// The reason of a status that the transport made, or a service without a reason. `None` for a code that only a
/// defect can cause.
fn reason_of(code: Code) -> Option<ErrorReason> {
    match code {
        Code::Cancelled => Some(ErrorReason::Cancelled),
        Code::InvalidArgument => Some(ErrorReason::InvalidFields),
        Code::DeadlineExceeded => Some(ErrorReason::DeadlineExceeded),
        Code::NotFound => Some(ErrorReason::ResourceNotFound),
        Code::PermissionDenied => Some(ErrorReason::RoleNotAllowed),
        Code::ResourceExhausted => Some(ErrorReason::Overloaded),
        Code::Aborted => Some(ErrorReason::ConcurrentChange),
        Code::Unimplemented => Some(ErrorReason::UnknownMethod),
        Code::Unavailable => Some(ErrorReason::Unavailable),
        Code::Unauthenticated => Some(ErrorReason::Unauthenticated),
        Code::Ok
        | Code::Unknown
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Internal
        | Code::DataLoss => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(code: Code, message: &str) -> (Code, String) {
        let status = translated(&Status::new(code, message));
        assert!(!status.message().contains("secret"), "{status}");
        (status.code(), status::reason(&status).unwrap())
    }

    #[test]
    fn bare_errors_get_reasons_and_lose_what_is_internal() {
        let expected = |code, reason: &str| (code, reason.to_owned());
        assert_eq!(
            outcome(Code::Internal, "failed to decode Protobuf message: secret"),
            expected(Code::InvalidArgument, "MALFORMED_MESSAGE")
        );
        let large = "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes";
        assert_eq!(outcome(Code::OutOfRange, large), expected(Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));
        assert_eq!(outcome(Code::Unimplemented, ""), expected(Code::Unimplemented, "UNKNOWN_METHOD"));
        assert_eq!(outcome(Code::Unknown, "secret"), expected(Code::Internal, "INTERNAL"));
        assert_eq!(outcome(Code::Unavailable, "secret host"), expected(Code::Unavailable, "UNAVAILABLE"));
        assert_eq!(outcome(Code::DeadlineExceeded, "late"), expected(Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
    }
}
