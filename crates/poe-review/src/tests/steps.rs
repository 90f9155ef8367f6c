//! Calls of the service, short enough for tests.
use super::{
    case,
    system::{Answer, System, by},
};
use cpor_proto::reviews::v1::{
    ApproveReviewCaseRequest, AssignReviewCaseRequest, GetReviewCaseRequest, PartnerActionReason,
    PrimaryRejectionReason, RejectReviewCaseRequest, ReleaseReviewCaseRequest, RequestPartnerActionRequest,
    StartReviewRequest, TakeReviewCaseRequest, review_service_server::ReviewService as _,
};
use cpor_types::Role;
use tonic::Response;

impl System {
    pub(crate) async fn get(&self, who: &str, n: u32) -> Answer {
        let request = GetReviewCaseRequest { name: case(n) };
        self.api.get_review_case(by(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn assign(&self, who: &str, n: u32, to: &str) -> Answer {
        let request =
            AssignReviewCaseRequest { name: case(n), reviewer: to.to_owned(), ..AssignReviewCaseRequest::default() };
        self.api.assign_review_case(by(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn take(&self, who: &str, n: u32) -> Answer {
        self.take_with(who, TakeReviewCaseRequest { name: case(n), ..TakeReviewCaseRequest::default() }).await
    }

    pub(crate) async fn take_with(&self, who: &str, request: TakeReviewCaseRequest) -> Answer {
        self.api.take_review_case(by(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn release(&self, who: &str, n: u32) -> Answer {
        let request = ReleaseReviewCaseRequest { name: case(n), ..ReleaseReviewCaseRequest::default() };
        self.api.release_review_case(by(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn start_review(&self, who: &str, n: u32) -> Answer {
        let request = StartReviewRequest { name: case(n), ..StartReviewRequest::default() };
        self.api.start_review(by(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn ask(&self, who: &str, n: u32, comment: &str) -> Answer {
        let reasons = vec![PartnerActionReason::DatesMissingOrOld.into()];
        let request = RequestPartnerActionRequest {
            name: case(n),
            reasons,
            comment: comment.to_owned(),
            ..RequestPartnerActionRequest::default()
        };
        self.api.request_partner_action(by(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn reject(&self, who: &str, n: u32) -> Answer {
        let primary_reason = PrimaryRejectionReason::InsufficientPoe.into();
        let request = RejectReviewCaseRequest {
            name: case(n),
            primary_reason,
            comment: "no proof".to_owned(),
            ..RejectReviewCaseRequest::default()
        };
        self.api.reject_review_case(by(who, role(who), request)).await.map(Response::into_inner)
    }

    pub(crate) async fn approve(&self, who: &str, n: u32) -> Answer {
        self.approve_as(who, n, "").await
    }

    /// Approves under a request id.
    pub(crate) async fn approve_as(&self, who: &str, n: u32, request_id: &str) -> Answer {
        let request_id = request_id.to_owned();
        let request = ApproveReviewCaseRequest {
            name: case(n),
            comment: "well done".to_owned(),
            request_id,
            ..ApproveReviewCaseRequest::default()
        };
        self.api.approve_review_case(by(who, role(who), request)).await.map(Response::into_inner)
    }

    /// The nth claim is submitted, and its review started by amy.
    pub(crate) async fn review(&self, n: u32) {
        self.submit(n).await;
        self.take("amy", n).await.unwrap();
        self.start_review("amy", n).await.unwrap();
    }
}

/// lea is a lead, otto an operator, everybody else a reviewer.
pub(crate) fn role(who: &str) -> Role {
    match who {
        "lea" => Role::ReviewLead,
        "otto" => Role::Operator,
        _ => Role::PoeReviewer,
    }
}
