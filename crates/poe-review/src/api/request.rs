//! What the requests of all commands have in common: a case, an etag, a request id.
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

/// The request id of an arbitration.
pub(super) fn arbitration(caller: &Caller, request: &ArbitrateLinesRequest) -> Option<RequestId> {
    let body = ArbitrateLinesRequest { request_id: String::new(), ..request.clone() };
    once(caller, "ArbitrateLines", &request.request_id, &body)
}

fn once(caller: &Caller, method: &'static str, id: &str, body: &impl Message) -> Option<RequestId> {
    (!id.is_empty()).then(|| RequestId {
        caller: caller.id().to_owned(),
        method,
        id: id.to_owned(),
        body_hash: Sha256::digest(body.encode_to_vec()).into(),
    })
}

/// A command's request.
pub(super) trait CaseRequest: Message + Name + Clone {
    /// The method, for request ids.
    const METHOD: &'static str;

    /// The name of the case.
    fn case(&self) -> &str;

    /// The etag that the caller has seen; empty where none was given, or none can be.
    fn etag(&self) -> &str {
        ""
    }

    /// The caller's name for the request; may be empty.
    fn id(&self) -> &str;

    /// The same request under no id.
    fn without_id(&self) -> Self;

    /// The request id, where the caller gave one.
    fn request_id(&self, caller: &Caller) -> Option<RequestId> {
        once(caller, Self::METHOD, self.id(), &self.without_id())
    }

    /// An id that follows from the request id, for what the request makes.
    fn request_uuid(&self, caller: &Caller) -> Option<Uuid> {
        let RequestId { caller, method, id, body_hash } = self.request_id(caller)?;
        let name = [caller.as_bytes(), &[0], method.as_bytes(), &[0], id.as_bytes(), &[0], &body_hash].concat();
        Some(Uuid::new_v5(&Uuid::NAMESPACE_OID, &name))
    }
}

macro_rules! case_requests {
    ($($request:ident: $method:literal, $case:ident, [$($etag:ident)?];)+) => { $(
        impl CaseRequest for $request {
            const METHOD: &'static str = $method;

            fn case(&self) -> &str {
                &self.$case
            }

            $(fn etag(&self) -> &str {
                &self.$etag
            })?

            fn id(&self) -> &str {
                &self.request_id
            }

            fn without_id(&self) -> Self {
                Self { request_id: String::new(), ..self.clone() }
            }
        }
    )+ };
}

case_requests! {
    AssignReviewCaseRequest: "AssignReviewCase", name, [etag];
    TakeReviewCaseRequest: "TakeReviewCase", name, [etag];
    ReleaseReviewCaseRequest: "ReleaseReviewCase", name, [etag];
    StartReviewRequest: "StartReview", name, [etag];
    RequestPartnerActionRequest: "RequestPartnerAction", name, [etag];
    ApproveReviewCaseRequest: "ApproveReviewCase", name, [etag];
    RejectReviewCaseRequest: "RejectReviewCase", name, [etag];
    CreateReviewNoteRequest: "CreateReviewNote", parent, [];
}
