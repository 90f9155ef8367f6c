//! What the requests of all commands have in common: a case, an etag, a request id.
use cpor_durable::RequestId;
use cpor_kit::auth::Caller;
use cpor_proto::reviews::v1::{
    ApproveReviewCaseRequest, AssignReviewCaseRequest, RejectReviewCaseRequest, ReleaseReviewCaseRequest,
    RequestPartnerActionRequest, StartReviewRequest, TakeReviewCaseRequest,
};
use prost::{Message, Name};
use sha2::{Digest as _, Sha256};

/// A command's request.
pub(super) trait CaseRequest: Message + Name + Clone {
    /// The method, for request ids.
    const METHOD: &'static str;

    /// The name of the case.
    fn case(&self) -> &str;

    /// The etag that the caller has seen; may be empty.
    fn etag(&self) -> &str;

    /// The caller's name for the request; may be empty.
    fn id(&self) -> &str;

    /// The same request under no id.
    fn without_id(&self) -> Self;

    /// The request id, where the caller gave one.
    fn request_id(&self, caller: &Caller) -> Option<RequestId> {
        let id = self.id();
        (!id.is_empty()).then(|| RequestId {
            caller: caller.id().to_owned(),
            method: Self::METHOD,
            id: id.to_owned(),
            body_hash: Sha256::digest(self.without_id().encode_to_vec()).into(),
        })
    }
}

macro_rules! case_requests {
    ($($request:ident: $method:literal,)+) => { $(
        impl CaseRequest for $request {
            const METHOD: &'static str = $method;

            fn case(&self) -> &str {
                &self.name
            }

            fn etag(&self) -> &str {
                &self.etag
            }

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
    AssignReviewCaseRequest: "AssignReviewCase",
    TakeReviewCaseRequest: "TakeReviewCase",
    ReleaseReviewCaseRequest: "ReleaseReviewCase",
    StartReviewRequest: "StartReview",
    RequestPartnerActionRequest: "RequestPartnerAction",
    ApproveReviewCaseRequest: "ApproveReviewCase",
    RejectReviewCaseRequest: "RejectReviewCase",
}
