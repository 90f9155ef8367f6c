//! Converts errors of the transport (tonic) to the common form with an
//! `ErrorInfo`.
use std::time::Duration;

use axum::response::Response;
use cpor_proto::options::v1::ErrorReason;
use tonic::{Code, Status};

use cpor_call::status;

/// The beginnings of tonic's messages for request bodies that it cannot decode.
const MALFORMED_PREFIXES: [&str; 5] = [
    "failed to decode Protobuf message",
    "Missing request message",
    "Unexpected EOF decoding stream",
    "protocol error: received message with",
    "message length",
];

/// Translates errors without details. They come from the transport, or from a service that returned
/// an error of another component unchanged. Internal texts are logged and hidden.
pub(super) fn translate(response: Response) -> Response {
    let headers = response.headers();
    if !headers.contains_key("grpc-status") || headers.contains_key("grpc-status-details-bin") {
        return response;
    }
    match Status::from_header_map(headers) {
        Some(bare) if bare.code() != Code::Ok => translate_status(&bare).into_http(),
        Some(_) | None => response,
    }
}

fn translate_status(bare: &Status) -> Status {
    let (code, message) = (bare.code(), bare.message());
    if code == Code::OutOfRange && message.contains("message length too large") {
        let message = "the request message exceeds the size limit of this server";
        return status::with_reason(Code::ResourceExhausted, ErrorReason::MessageTooLarge.as_str_name(), message, &[]);
    }
    let is_malformed = MALFORMED_PREFIXES.iter().any(|prefix| message.starts_with(prefix));
    if is_malformed && matches!(code, Code::Internal | Code::InvalidArgument) {
        let message = "the request body is not a valid message of the method's request type";
        return status::with_reason(Code::InvalidArgument, ErrorReason::MalformedMessage.as_str_name(), message, &[]);
    }
    let Some(reason) = reason_for(code) else { return status::internal(bare) };
    if code == Code::Unavailable {
        tracing::warn!(message, "unavailable");
        return status::unavailable(
            ErrorReason::Unavailable.as_str_name(),
            "temporarily unavailable; try again later",
            Duration::from_secs(1),
        );
    }
    // Generated services respond to an unknown method with UNIMPLEMENTED and an empty message.
    let is_unknown_method = code == Code::Unimplemented && message.is_empty();
    let message = if is_unknown_method { "the method is not served by this process" } else { message };
    status::with_reason(code, reason.as_str_name(), message, &[])
}

/// Returns the reason for a status without details, by its code. Returns `None` for a code that
/// only a defect can cause.
fn reason_for(code: Code) -> Option<ErrorReason> {
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

    fn translated_reason(code: Code, message: &str) -> (Code, String) {
        let status = translate_status(&Status::new(code, message));
        assert!(!status.message().contains("secret"), "{status}");
        (status.code(), status::reason(&status).unwrap())
    }

    #[test]
    fn adds_reasons_and_hides_internal_texts() {
        let expected = |code, reason: &str| (code, reason.to_owned());
        assert_eq!(
            translated_reason(Code::Internal, "failed to decode Protobuf message: secret"),
            expected(Code::InvalidArgument, "MALFORMED_MESSAGE")
        );
        let large = "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes";
        assert_eq!(translated_reason(Code::OutOfRange, large), expected(Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));
        assert_eq!(translated_reason(Code::Unimplemented, ""), expected(Code::Unimplemented, "UNKNOWN_METHOD"));
        assert_eq!(translated_reason(Code::Unknown, "secret"), expected(Code::Internal, "INTERNAL"));
        assert_eq!(translated_reason(Code::Unavailable, "secret host"), expected(Code::Unavailable, "UNAVAILABLE"));
        assert_eq!(
            translated_reason(Code::DeadlineExceeded, "late"),
            expected(Code::DeadlineExceeded, "DEADLINE_EXCEEDED")
        );
    }
}
