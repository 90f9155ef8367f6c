//! R28, R30, R45: how a disputed claim is reviewed, and what a reviewer sees of the claim.

use chrono::{DateTime, TimeDelta, Utc};
use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, field_violations, timestamp};
use cpor_proto::{
    claims::v1::{ClaimState, DisputeClaimRequest},
    reviews::v1::{ListReviewCasesRequest, RequestPartnerActionRequest, ReviewCaseState},
    r#type::v1::{PartnerActionReason, ReviewClock},
};
use tonic::Code;

both_databases![
    r28_a_dispute_is_a_new_case_that_is_decided_like_the_first,
    r45_the_dispute_decision_stops_while_the_partner_acts,
    r45_overdue_cases_are_found,
    r14_reviewers_see_the_documents_and_operators_do_not,
    r30_a_reviewer_asks_for_lines_to_be_removed,
];

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn disputed(system: &TestSystem) -> TestClaim<'_> {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    let request = DisputeClaimRequest {
        name: case.name.clone(),
        justification: "Page two shows it.".into(),
        ..DisputeClaimRequest::default()
    };
    case.partner.claims().dispute_claim(request).await.unwrap();
    system.wait_until_idle().await;
    case
}

async fn r28_a_dispute_is_a_new_case_that_is_decided_like_the_first(system: &TestSystem) {
    let case = disputed(system).await;
    let review = case.review(&system.lead).await.unwrap();
    let dispute = review.dispute.clone().unwrap();
    assert_ne!(dispute.previous_review_case, review.name);
    assert_eq!((dispute.number, dispute.justification.as_str()), (1, "Page two shows it."));
    assert_eq!((review.state(), review.reviewer.as_str()), (ReviewCaseState::Waiting, ""), "taken anew");
    assert_refused(case.approve(&system.lead).await, Code::FailedPrecondition, "COMMAND_NOT_ALLOWED");
    case.take(&system.colleague).await.unwrap();
    case.start_review(&system.colleague).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Disputed);
    case.approve(&system.colleague).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Approved);
}

async fn r45_the_dispute_decision_stops_while_the_partner_acts(system: &TestSystem) {
    let case = disputed(system).await;
    let deadlines = async || case.review(&system.lead).await.unwrap().deadlines;
    let shown = deadlines().await;
    assert_eq!(shown.iter().map(|shown| shown.clock()).collect::<Vec<_>>(), [ReviewClock::DisputeDecision]);
    assert_eq!(shown[0].due_time, Some(timestamp("2026-03-24T07:00:00Z")), "five business days from the dispute");
    system.advance_to(time("2026-03-18T20:00:00Z")).await;
    case.take_and_start_review().await;
    case.request_action(&system.lead).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!((deadlines().await[0].due_time, deadlines().await[0].business_days_left), (None, 3));
    case.resubmit("Here it is.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(deadlines().await[0].due_time, Some(timestamp("2026-03-24T07:00:00Z")));
    system.advance_to(time("2026-03-24T07:00:00Z")).await;
    assert!(case.review(&system.lead).await.unwrap().overdue);
    assert_eq!(case.entry("review_overdue").await.reason, "dispute_decision");
}

async fn r45_overdue_cases_are_found(system: &TestSystem) {
    let late = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    system.advance_by(TimeDelta::days(10)).await;
    TestClaim::at_stage(system, system.usage().await, ClaimStage::Submitted).await;
    let request =
        ListReviewCasesRequest { parent: "tenants/-".into(), overdue: true, ..ListReviewCasesRequest::default() };
    let found = system.lead.reviews().list_review_cases(request).await.unwrap().into_inner().review_cases;
    assert_eq!(found.iter().map(|case| case.claim.as_str()).collect::<Vec<_>>(), [late.name.as_str()]);
}

async fn r14_reviewers_see_the_documents_and_operators_do_not(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let seen = case.review(&system.reviewer).await.unwrap().evidence;
    let own = case.evidence().await;
    assert_eq!((seen.len(), &seen[0].name, &seen[0].sha256), (1, &own[0].name, &own[0].sha256));
    case.download(&system.reviewer, &seen[0].name).await.unwrap();
    assert!(case.review(&system.operator).await.unwrap().evidence.is_empty(), "R5");
}

async fn r30_a_reviewer_asks_for_lines_to_be_removed(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.workloads(), ClaimStage::UnderReview).await;
    let lines: Vec<_> = case.claim().await.lines.into_iter().map(|line| line.line_id).collect();
    let ask = async |remove_line_ids: Vec<String>| {
        let request = RequestPartnerActionRequest {
            name: case.review_name().await,
            reasons: vec![PartnerActionReason::ProductsMissing.into()],
            comment: "Nothing is said of one.".into(),
            remove_line_ids,
            ..RequestPartnerActionRequest::default()
        };
        system.reviewer.reviews().request_partner_action(request).await
    };
    for bad in [vec![system.next_uuid()], lines.clone(), vec!["teams".to_owned()]] {
        let status = assert_refused(ask(bad).await, Code::InvalidArgument, "INVALID_FIELDS");
        assert!(field_violations(&status).iter().all(|(field, _)| field.starts_with("remove_line_ids")), "{status:?}");
    }
    ask(vec![lines[0].clone()]).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::PartnerActionRequired);
}
