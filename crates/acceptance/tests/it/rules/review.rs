//! R19, R20, R23, R24, R30 to R32: how a claim is reviewed.

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, field_violations, timestamp};
use cpor_proto::{
    claims::v1::ClaimState,
    reviews::v1::{ListReviewCasesRequest, RejectReviewCaseRequest, RequestPartnerActionRequest, ReviewCaseState},
    r#type::v1::{
        ActorSide, AssociationState, FurtherRejectionReason as Further, FurtherRejectionReason,
        PartnerActionReason as ClaimActionReason, PartnerActionReason, PrimaryRejectionReason as Primary,
        PrimaryRejectionReason,
    },
};
use tonic::Code;

both_databases![
    r19_take_release_assign_and_start,
    r19_the_queue_lists_urgent_cases_first,
    r20_a_request_needs_reasons_and_a_comment,
    r23_an_approval_places_pending_holds,
    r24_a_rejection_needs_a_reason_and_a_comment,
    r30_every_reason_reaches_the_partner,
    r31_reviewers_may_use_their_own_reasons_only,
    r32_further_reasons_reach_the_partner,
];

async fn r19_take_release_assign_and_start(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let (reviewer, colleague, lead) = (&system.reviewer, &system.colleague, &system.lead);
    assert_refused(case.start_review(reviewer).await, Code::PermissionDenied, "NOT_CASE_REVIEWER");
    assert_eq!(case.take(reviewer).await.unwrap().reviewer, reviewer.subject);
    assert_refused(case.take(colleague).await, Code::FailedPrecondition, "ALREADY_ASSIGNED");
    assert_refused(case.take(reviewer).await, Code::FailedPrecondition, "ALREADY_ASSIGNED");
    assert_refused(case.release(colleague).await, Code::PermissionDenied, "NOT_CASE_REVIEWER");
    assert_eq!(case.release(reviewer).await.unwrap().reviewer, "");
    assert_refused(case.assign(reviewer, colleague).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
    assert_eq!(case.assign(lead, colleague).await.unwrap().reviewer, colleague.subject);
    assert_eq!(
        case.assign(lead, reviewer).await.unwrap().reviewer,
        reviewer.subject,
        "a lead can assign the case again"
    );
    assert_refused(case.start_review(colleague).await, Code::PermissionDenied, "NOT_CASE_REVIEWER");
    assert_eq!(case.start_review(reviewer).await.unwrap().state(), ReviewCaseState::UnderReview);
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::UnderReview);
    for result in [case.request_action(colleague).await, case.approve(colleague).await, case.reject(colleague).await] {
        assert_refused(result, Code::PermissionDenied, "NOT_CASE_REVIEWER");
    }
    let assigned = case.history().await.into_iter().filter(|entry| entry.action == "review_assigned").count();
    assert_eq!(assigned, 4, "taken, released, assigned twice");
    let started = case.entry("review_started").await;
    assert_eq!((started.side(), started.subject.as_str()), (ActorSide::Reviewer, reviewer.subject.as_str()));
}

/// The claims in the queue of review cases.
async fn queue(system: &TestSystem, request: ListReviewCasesRequest) -> Vec<String> {
    let request = ListReviewCasesRequest { parent: "tenants/-".into(), ..request };
    let cases = system.reviewer.reviews().list_review_cases(request).await.unwrap().into_inner().review_cases;
    cases.into_iter().map(|case| case.claim).collect()
}

async fn r19_the_queue_lists_urgent_cases_first(system: &TestSystem) {
    let first = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    system.advance_by(chrono::TimeDelta::days(1)).await;
    let second = TestClaim::at_stage(system, system.workloads(), ClaimStage::Submitted).await;
    let all = ListReviewCasesRequest::default;
    let filtered = |filter: &str| ListReviewCasesRequest { filter: filter.into(), ..all() };
    assert_eq!(queue(system, all()).await, [first.name.clone(), second.name.clone()]);
    second.take(&system.reviewer).await.unwrap();
    assert_eq!(queue(system, filtered("open = true AND reviewer = ''")).await, std::slice::from_ref(&first.name));
    let own = format!("open = true AND reviewer = {}", system.reviewer.subject);
    assert_eq!(queue(system, filtered(&own)).await, std::slice::from_ref(&second.name));
    second.start_review(&system.reviewer).await.unwrap();
    assert_eq!(queue(system, filtered("state = UNDER_REVIEW")).await, std::slice::from_ref(&second.name));
    second.reject(&system.reviewer).await.unwrap();
    assert_eq!(queue(system, all()).await, [first.name]);
    assert_eq!(queue(system, filtered("state = REJECTED")).await, [second.name]);
}

/// Requests partner action as the reviewer.
async fn request_action(
    case: &TestClaim<'_>,
    reasons: &[PartnerActionReason],
    comment: &str,
) -> Result<(), tonic::Status> {
    let request = RequestPartnerActionRequest {
        name: case.review_name().await,
        reasons: reasons.iter().map(|reason| (*reason).into()).collect(),
        comment: comment.into(),
        ..RequestPartnerActionRequest::default()
    };
    case.system.reviewer.reviews().request_partner_action(request).await.map(drop)
}

async fn r20_a_request_needs_reasons_and_a_comment(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let status = assert_refused(request_action(&case, &[], "").await, Code::InvalidArgument, "INVALID_FIELDS");
    let fields: Vec<_> = field_violations(&status).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["comment", "reasons"]);
    assert_refused(
        request_action(&case, &[PartnerActionReason::PoeMissing], "   ").await,
        Code::InvalidArgument,
        "INVALID_FIELDS",
    );
    let twice = [PartnerActionReason::PoeMissing, PartnerActionReason::PoeMissing];
    assert_refused(request_action(&case, &twice, "Please.").await, Code::InvalidArgument, "INVALID_FIELDS");
    request_action(&case, &[PartnerActionReason::PoeMissing], "This is a holiday picture.").await.unwrap();
    system.wait_until_idle().await;
    let claim = case.claim().await;
    let action = claim.partner_action.clone().unwrap();
    assert_eq!(claim.state(), ClaimState::PartnerActionRequired);
    assert_eq!(
        (action.comment.as_str(), action.request_time),
        ("This is a holiday picture.", Some(timestamp("2026-03-16T09:00:00Z")))
    );
    let comments = case.comments().await;
    assert_eq!((comments[0].side(), comments[0].text.as_str()), (ActorSide::Reviewer, "This is a holiday picture."));
}

async fn r23_an_approval_places_pending_holds(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    assert_eq!(case.approve(&system.reviewer).await.unwrap().state(), ReviewCaseState::Approved);
    system.wait_until_idle().await;
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Pending));
    let associations = case.associations().await;
    assert_eq!(associations.len(), 1);
    assert_eq!(associations[0].state(), cpor_proto::r#type::v1::AssociationState::Pending);
    assert_eq!((associations[0].claim.as_str(), associations[0].mpn_id.as_str()), (case.name.as_str(), "1001"));
    let entry = case.entry("review_approved").await;
    assert_eq!((entry.from_state(), entry.to_state()), (ClaimState::UnderReview, ClaimState::Approved));
}

/// Rejects the claim as the reviewer.
async fn reject(case: &TestClaim<'_>, further: &[FurtherRejectionReason], comment: &str) -> Result<(), tonic::Status> {
    let request = RejectReviewCaseRequest {
        name: case.review_name().await,
        primary_reason: PrimaryRejectionReason::InsufficientPoe.into(),
        further_reasons: further.iter().map(|reason| (*reason).into()).collect(),
        comment: comment.into(),
        ..RejectReviewCaseRequest::default()
    };
    case.system.reviewer.reviews().reject_review_case(request).await.map(drop)
}

async fn r24_a_rejection_needs_a_reason_and_a_comment(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    assert_refused(reject(&case, &[], "").await, Code::InvalidArgument, "INVALID_FIELDS");
    assert_refused(reject(&case, &[], " \n").await, Code::InvalidArgument, "INVALID_FIELDS");
    reject(&case, &[], "Nothing here shows your work.").await.unwrap();
    system.wait_until_idle().await;
    let claim = case.claim().await;
    let rejection = claim.rejection.clone().unwrap();
    assert_eq!(claim.state(), ClaimState::Rejected);
    assert_eq!(
        (rejection.primary_reason(), rejection.comment.as_str()),
        (Primary::InsufficientPoe, "Nothing here shows your work.")
    );
    assert_eq!(rejection.reject_time, Some(timestamp("2026-03-16T09:00:00Z")));
    assert!(!rejection.is_final);
    // The end of the thirtieth calendar day in Berlin, in summer time.
    assert_eq!(rejection.dispute_due_time, Some(timestamp("2026-04-15T22:00:00Z")));
    assert_eq!(case.review(&system.lead).await.unwrap().state(), ReviewCaseState::Rejected);
    assert!(case.associations().await.is_empty());
}

async fn r30_every_reason_reaches_the_partner(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let all = [
        PartnerActionReason::PoeMissing,
        PartnerActionReason::CustomerAcknowledgementMissing,
        PartnerActionReason::DatesMissingOrOld,
        PartnerActionReason::ServiceInsufficientlyDescribed,
        PartnerActionReason::ProductsMissing,
    ];
    request_action(&case, &all, "All of it, please.").await.unwrap();
    system.wait_until_idle().await;
    let shown: Vec<_> = case.claim().await.partner_action.unwrap().reasons().collect();
    let expected = [
        ClaimActionReason::PoeMissing,
        ClaimActionReason::CustomerAcknowledgementMissing,
        ClaimActionReason::DatesMissingOrOld,
        ClaimActionReason::ServiceInsufficientlyDescribed,
        ClaimActionReason::ProductsMissing,
    ];
    assert_eq!(shown, expected);
}

async fn r31_reviewers_may_use_their_own_reasons_only(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    for primary_reason in [0, 1, 2, 4, 5, 99, -1] {
        let request = RejectReviewCaseRequest {
            name: case.review_name().await,
            primary_reason,
            comment: "No.".into(),
            ..RejectReviewCaseRequest::default()
        };
        let rejection = system.reviewer.reviews().reject_review_case(request).await;
        let status = assert_refused(rejection, Code::InvalidArgument, "INVALID_FIELDS");
        assert!(field_violations(&status).iter().any(|(field, _)| field == "primary_reason"), "{status:?}");
    }
    assert_eq!(case.claim().await.state(), ClaimState::UnderReview);
}

async fn r32_further_reasons_reach_the_partner(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let all = [
        FurtherRejectionReason::CustomerConsentMissing,
        FurtherRejectionReason::ProductsMissing,
        FurtherRejectionReason::NoPartnerResponse,
        FurtherRejectionReason::PoeNotAvailable,
    ];
    reject(&case, &all, "For many reasons.").await.unwrap();
    system.wait_until_idle().await;
    let shown: Vec<_> = case.claim().await.rejection.unwrap().further_reasons().collect();
    assert_eq!(
        shown,
        [
            Further::CustomerConsentMissing,
            Further::ProductsMissing,
            Further::NoPartnerResponse,
            Further::PoeNotAvailable
        ]
    );
}
