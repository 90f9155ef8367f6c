//! What the methods that execute commands have in common.
use cpor_durable::{CommandError, RequestId};
use cpor_kit::Caller;
use prost::Message;
use sha2::{Digest as _, Sha256};
use std::convert::Infallible;

use super::error::Refusal;

/// Builds the request id under which the writer stores the answer; `None` if the caller gave no
/// `id`.
///
/// The hash covers the whole request including the id. Only requests with the same id are compared,
/// so the id does not affect the comparison.
pub(super) fn request_id(caller: &Caller, method: &'static str, id: &str, request: &impl Message) -> Option<RequestId> {
    let body_hash = Sha256::digest(request.encode_to_vec()).into();
    let request_id = || RequestId { caller: caller.id().to_owned(), method, id: id.to_owned(), body_hash };
    (!id.is_empty()).then(request_id)
}

/// Converts a failure of the writer.
pub(super) fn writer_refusal<R: Into<Refusal>>(failure: CommandError<R, Infallible>) -> Refusal {
    match failure {
        CommandError::Refused(refusal) => refusal.into(),
        CommandError::Conflict(never) => match never {},
        CommandError::RequestIdReused => Refusal::RequestIdReused,
        CommandError::Overloaded => Refusal::Overloaded,
        CommandError::Unavailable(why) => Refusal::Unavailable(why),
        CommandError::VersionMismatch { .. } | CommandError::SequenceGap { .. } => {
            let why = "the writer reported a version or sequence conflict for a command that states neither";
            Refusal::Unavailable(why.to_owned())
        }
    }
}
