//! What calls that change something have in common.
use cpor_durable::{Failure, RequestId};
use cpor_kit::Caller;
use prost::Message;
use sha2::{Digest as _, Sha256};
use std::convert::Infallible;

use super::error::Refusal;

/// The caller's name for a request; `None` where it gave none. The body is the whole request: the id in it is the same
/// wherever bodies are compared.
pub(super) fn request_id(caller: &Caller, method: &'static str, id: &str, request: &impl Message) -> Option<RequestId> {
    let body_hash = Sha256::digest(request.encode_to_vec()).into();
    let request = || RequestId { caller: caller.id().to_owned(), method, id: id.to_owned(), body_hash };
    (!id.is_empty()).then(request)
}

/// The writer changed nothing.
pub(super) fn failed<R: Into<Refusal>>(failure: Failure<R, Infallible>) -> Refusal {
    match failure {
        Failure::Refused(refusal) => refusal.into(),
        Failure::Clash(never) => match never {},
        Failure::RequestIdReused => Refusal::RequestIdReused,
        Failure::Overloaded => Refusal::Overloaded,
        Failure::Unavailable(why) => Refusal::Unavailable(why),
        Failure::Moved { .. } | Failure::Gap { .. } => {
            Refusal::Unavailable("a call that expects no version and is no event was answered so".to_owned())
        }
    }
}
