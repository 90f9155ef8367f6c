//! The fields that the requests of all commands on a case have in common.
use cpor_proto::reviews::v1::{
    ApproveReviewCaseRequest, AssignReviewCaseRequest, ConfirmCustomerContactRequest, CreateReviewNoteRequest,
    RejectReviewCaseRequest, ReleaseReviewCaseRequest, RequestPartnerActionRequest, RequestStatementRequest,
    StartReviewRequest, TakeReviewCaseRequest,
};
use prost::Name;

/// A request that gives a command to one case.
pub(super) trait CaseCommandRequest: Name {
    /// The name of the RPC method. A repeated request is recognised by the method and the request
    /// id that the client gave, so a client may use one request id for different methods.
    const METHOD: &'static str;

    /// Returns the resource name of the case.
    fn case_name(&self) -> &str;

    /// Returns the etag of the request. Empty if the caller gave none.
    fn etag(&self) -> &str;

    /// Returns whether the request only checks the command and changes nothing (AIP-163).
    fn validate_only(&self) -> bool;
}

/// Implements [`CaseCommandRequest`] for message types. Each line gives the type, its RPC method
/// and the field with the name of the case.
macro_rules! impl_case_command_request {
    ($($request:ident: $method:literal, $case:ident;)+) => { $(
        impl CaseCommandRequest for $request {
            const METHOD: &'static str = $method;

            fn case_name(&self) -> &str {
                &self.$case
            }

            fn etag(&self) -> &str {
                &self.etag
            }

            fn validate_only(&self) -> bool {
                self.validate_only
            }
        }
    )+ };
}

impl_case_command_request! {
    AssignReviewCaseRequest: "AssignReviewCase", name;
    TakeReviewCaseRequest: "TakeReviewCase", name;
    ReleaseReviewCaseRequest: "ReleaseReviewCase", name;
    StartReviewRequest: "StartReview", name;
    RequestPartnerActionRequest: "RequestPartnerAction", name;
    RequestStatementRequest: "RequestStatement", name;
    ApproveReviewCaseRequest: "ApproveReviewCase", name;
    RejectReviewCaseRequest: "RejectReviewCase", name;
    ConfirmCustomerContactRequest: "ConfirmCustomerContact", name;
    CreateReviewNoteRequest: "CreateReviewNote", parent;
}
