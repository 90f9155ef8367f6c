//! Request ids: a repeated request with the same request id gets the result of the first one. Also
//! the fields that the requests of all commands on a case have in common.
use cpor_durable::RequestId;
use cpor_kit::auth::Caller;
use cpor_proto::reviews::v1::{
    ApproveReviewCaseRequest, ArbitrateLinesRequest, AssignReviewCaseRequest, CreateReviewNoteRequest,
    RejectReviewCaseRequest, ReleaseReviewCaseRequest, RequestPartnerActionRequest, StartReviewRequest,
    TakeReviewCaseRequest,
};
use prost::{Message, Name};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Returns the request id of an arbitration. `None` if the caller gave none.
pub(super) fn for_arbitration(caller: &Caller, request: &ArbitrateLinesRequest) -> Option<RequestId> {
    let body = ArbitrateLinesRequest { request_id: String::new(), ..request.clone() };
    request_id(caller, "ArbitrateLines", &request.request_id, &body)
}

/// Builds a request id. `body` is the request without its id; its hash detects an id that is used
/// again for a different request.
fn request_id(caller: &Caller, method: &'static str, id: &str, body: &impl Message) -> Option<RequestId> {
    (!id.is_empty()).then(|| RequestId {
        caller: caller.id().to_owned(),
        method,
        id: id.to_owned(),
        body_hash: Sha256::digest(body.encode_to_vec()).into(),
    })
}

/// A request that gives a command to one case.
pub(super) trait CaseCommandRequest: Message + Name + Clone {
    /// The name of the RPC method, which is part of the request id.
    const METHOD: &'static str;

    /// Returns the resource name of the case.
    fn case_name(&self) -> &str;

    /// Returns the etag of the request. Empty if the caller gave none, or if the request has no
    /// etag.
    fn etag(&self) -> &str {
        ""
    }

    /// Returns the request id as the caller gave it. Empty if the caller gave none.
    fn client_request_id(&self) -> &str;

    /// Returns the same request without the request id.
    fn without_request_id(&self) -> Self;

    /// Returns the request id. `None` if the caller gave none.
    fn request_id(&self, caller: &Caller) -> Option<RequestId> {
        request_id(caller, Self::METHOD, self.client_request_id(), &self.without_request_id())
    }

    /// Derives a UUID from the request id, for a resource that the request creates. `None` if the
    /// caller gave no request id.
    fn uuid_from_request_id(&self, caller: &Caller) -> Option<Uuid> {
        let RequestId { caller, method, id, body_hash } = self.request_id(caller)?;
        let name = [caller.as_bytes(), &[0], method.as_bytes(), &[0], id.as_bytes(), &[0], &body_hash].concat();
        Some(Uuid::new_v5(&Uuid::NAMESPACE_OID, &name))
    }
}

/// Implements [`CaseCommandRequest`] for message types. Each line gives the type, its RPC method,
/// the field with the name of the case, and the field with the etag, if there is one.
macro_rules! impl_case_command_request {
    ($($request:ident: $method:literal, $case:ident, [$($etag:ident)?];)+) => { $(
        impl CaseCommandRequest for $request {
            const METHOD: &'static str = $method;

            fn case_name(&self) -> &str {
                &self.$case
            }

            $(fn etag(&self) -> &str {
                &self.$etag
            })?

            fn client_request_id(&self) -> &str {
                &self.request_id
            }

            fn without_request_id(&self) -> Self {
                Self { request_id: String::new(), ..self.clone() }
            }
        }
    )+ };
}

impl_case_command_request! {
    AssignReviewCaseRequest: "AssignReviewCase", name, [etag];
    TakeReviewCaseRequest: "TakeReviewCase", name, [etag];
    ReleaseReviewCaseRequest: "ReleaseReviewCase", name, [etag];
    StartReviewRequest: "StartReview", name, [etag];
    RequestPartnerActionRequest: "RequestPartnerAction", name, [etag];
    ApproveReviewCaseRequest: "ApproveReviewCase", name, [etag];
    RejectReviewCaseRequest: "RejectReviewCase", name, [etag];
    CreateReviewNoteRequest: "CreateReviewNote", parent, [];
}
