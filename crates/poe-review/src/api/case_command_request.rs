//! The fields that the requests of all commands on a case have in common.
use cpor_proto::reviews::v1::{
    ApproveReviewCaseRequest, AssignReviewCaseRequest, CreateReviewNoteRequest, RejectReviewCaseRequest,
    ReleaseReviewCaseRequest, RequestPartnerActionRequest, StartReviewRequest, TakeReviewCaseRequest,
};
use prost::Name;

/// A request that gives a command to one case.
pub(super) trait CaseCommandRequest: Name {
    /// The name of the RPC method, which is part of the request id.
    const METHOD: &'static str;

    /// Returns the resource name of the case.
    fn case_name(&self) -> &str;

    /// Returns the etag of the request. Empty if the caller gave none, or if the request has no
    /// etag.
    fn etag(&self) -> &str {
        ""
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
