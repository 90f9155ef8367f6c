//! Short functions for the RPCs of the service. `who` is the caller, and `n` the number of the
//! claim.
use super::{
    case,
    test_system::{CaseResult, TestSystem, request_from},
};
use cpor_proto::{
    reviews::v1::{
        ApproveReviewCaseRequest, AssignReviewCaseRequest, GetReviewCaseRequest, RejectReviewCaseRequest,
        ReleaseReviewCaseRequest, RequestPartnerActionRequest, StartReviewRequest, TakeReviewCaseRequest,
        review_service_server::ReviewService as _,
    },
    r#type::v1::{PartnerActionReason, PrimaryRejectionReason},
};
use cpor_types::Role;
use tonic::Response;

impl TestSystem {
    pub(crate) async fn get(&self, who: &str, n: u32) -> CaseResult {
        let request = GetReviewCaseRequest { name: case(n) };
        self.api.get_review_case(request_from(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn assign(&self, who: &str, n: u32, assignee: &str) -> CaseResult {
        let request = AssignReviewCaseRequest {
            name: case(n),
            reviewer: assignee.to_owned(),
            ..AssignReviewCaseRequest::default()
        };
        self.api.assign_review_case(request_from(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn take(&self, who: &str, n: u32) -> CaseResult {
        self.take_with(who, TakeReviewCaseRequest { name: case(n), ..TakeReviewCaseRequest::default() }).await
    }

    pub(crate) async fn take_with(&self, who: &str, request: TakeReviewCaseRequest) -> CaseResult {
        self.api.take_review_case(request_from(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn release(&self, who: &str, n: u32) -> CaseResult {
        let request = ReleaseReviewCaseRequest { name: case(n), ..ReleaseReviewCaseRequest::default() };
        self.api.release_review_case(request_from(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn start_review(&self, who: &str, n: u32) -> CaseResult {
        let request = StartReviewRequest { name: case(n), ..StartReviewRequest::default() };
        self.api.start_review(request_from(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn request_partner_action(&self, who: &str, n: u32, comment: &str) -> CaseResult {
        let reasons = vec![PartnerActionReason::DatesMissingOrOld.into()];
        let request = RequestPartnerActionRequest {
            name: case(n),
            reasons,
            comment: comment.to_owned(),
            ..RequestPartnerActionRequest::default()
        };
        self.api.request_partner_action(request_from(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn reject(&self, who: &str, n: u32) -> CaseResult {
        let primary_reason = PrimaryRejectionReason::InsufficientPoe.into();
        let request = RejectReviewCaseRequest {
            name: case(n),
            primary_reason,
            comment: "no proof".to_owned(),
            ..RejectReviewCaseRequest::default()
        };
        self.api.reject_review_case(request_from(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn approve(&self, who: &str, n: u32) -> CaseResult {
        self.approve_as(who, n, "").await
    }

    /// Approves with a request id.
    pub(crate) async fn approve_as(&self, who: &str, n: u32, request_id: &str) -> CaseResult {
        let request_id = request_id.to_owned();
        let request = ApproveReviewCaseRequest {
            name: case(n),
            comment: "well done".to_owned(),
            request_id,
            ..ApproveReviewCaseRequest::default()
        };
        self.api.approve_review_case(request_from(who, role(who), request)).await.map(Response::into_inner)
    }

    /// Delivers the submission of the nth claim, and lets the reviewer amy start its review.
    pub(crate) async fn submit_and_start_review(&self, n: u32) {
        self.submit(n).await;
        self.take("amy", n).await.unwrap();
        self.start_review("amy", n).await.unwrap();
    }
}

/// Returns the role of a caller: lea is a lead, otto an operator, and everyone else a reviewer.
pub(crate) fn role(who: &str) -> Role {
    match who {
        "lea" => Role::ReviewLead,
        "otto" => Role::Operator,
        _ => Role::PoeReviewer,
    }
}
