//! R28, R30, R45: how a disputed claim is reviewed, and what a reviewer sees of the claim.

use chrono::{DateTime, TimeDelta, Utc};
use cpor_acceptance::{Case, Stage, World, at, both_databases, faults, refused};
use cpor_proto::{
    claims::v1::{ClaimState, DisputeClaimRequest},
    reviews::v1::{
        ListReviewCasesRequest, PartnerActionReason, RequestPartnerActionRequest, ReviewCaseState, ReviewClock,
    },
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

async fn disputed(world: &World) -> Case<'_> {
    let case = Case::at(world, world.presales().await, Stage::Rejected).await;
    let request = DisputeClaimRequest {
        name: case.name.clone(),
        justification: "Page two shows it.".into(),
        ..DisputeClaimRequest::default()
    };
    case.partner.claims().dispute_claim(request).await.unwrap();
    world.settle().await;
    case
}

async fn r28_a_dispute_is_a_new_case_that_is_decided_like_the_first(world: &World) {
    let case = disputed(world).await;
    let review = case.review(&world.lead).await.unwrap();
    let dispute = review.dispute.clone().unwrap();
    assert_ne!(dispute.previous_review_case, review.name);
    assert_eq!((dispute.number, dispute.justification.as_str()), (1, "Page two shows it."));
    assert_eq!((review.state(), review.reviewer.as_str()), (ReviewCaseState::Waiting, ""), "taken anew");
    refused(case.approve(&world.lead).await, Code::FailedPrecondition, "COMMAND_NOT_ALLOWED");
    case.take(&world.colleague).await.unwrap();
    case.start_review(&world.colleague).await.unwrap();
    world.settle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Disputed);
    case.approve(&world.colleague).await.unwrap();
    world.settle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Approved);
}

async fn r45_the_dispute_decision_stops_while_the_partner_acts(world: &World) {
    let case = disputed(world).await;
    let deadlines = async || case.review(&world.lead).await.unwrap().deadlines;
    let shown = deadlines().await;
    assert_eq!(shown.iter().map(|shown| shown.clock()).collect::<Vec<_>>(), [ReviewClock::DisputeDecision]);
    assert_eq!(shown[0].due_time, Some(at("2026-03-24T07:00:00Z")), "five business days from the dispute");
    world.advance_to(time("2026-03-18T20:00:00Z")).await;
    case.review_starts().await;
    case.request_action(&world.lead).await.unwrap();
    world.settle().await;
    assert_eq!((deadlines().await[0].due_time, deadlines().await[0].business_days_left), (None, 3));
    case.resubmit("Here it is.").await.unwrap();
    world.settle().await;
    assert_eq!(deadlines().await[0].due_time, Some(at("2026-03-24T07:00:00Z")));
    world.advance_to(time("2026-03-24T07:00:00Z")).await;
    assert!(case.review(&world.lead).await.unwrap().overdue);
    assert_eq!(case.entry("review_overdue").await.reason, "dispute_decision");
}

async fn r45_overdue_cases_are_found(world: &World) {
    let late = Case::at(world, world.presales().await, Stage::Submitted).await;
    world.advance(TimeDelta::days(10)).await;
    Case::at(world, world.usage().await, Stage::Submitted).await;
    let request =
        ListReviewCasesRequest { parent: "tenants/-".into(), overdue: true, ..ListReviewCasesRequest::default() };
    let found = world.lead.reviews().list_review_cases(request).await.unwrap().into_inner().review_cases;
    assert_eq!(found.iter().map(|case| case.claim.as_str()).collect::<Vec<_>>(), [late.name.as_str()]);
}

async fn r14_reviewers_see_the_documents_and_operators_do_not(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::UnderReview).await;
    let seen = case.review(&world.reviewer).await.unwrap().evidence;
    let own = case.evidence().await;
    assert_eq!((seen.len(), &seen[0].name, &seen[0].sha256), (1, &own[0].name, &own[0].sha256));
    case.download(&world.reviewer, &seen[0].name).await.unwrap();
    assert!(case.review(&world.operator).await.unwrap().evidence.is_empty(), "R5");
}

async fn r30_a_reviewer_asks_for_lines_to_be_removed(world: &World) {
    let case = Case::at(world, world.workloads(), Stage::UnderReview).await;
    let lines: Vec<_> = case.claim().await.lines.into_iter().map(|line| line.line_id).collect();
    let ask = async |remove_line_ids: Vec<String>| {
        let request = RequestPartnerActionRequest {
            name: case.review_name().await,
            reasons: vec![PartnerActionReason::ProductsMissing.into()],
            comment: "Nothing is said of one.".into(),
            remove_line_ids,
            ..RequestPartnerActionRequest::default()
        };
        world.reviewer.reviews().request_partner_action(request).await
    };
    for bad in [vec![world.id()], lines.clone(), vec!["teams".to_owned()]] {
        let status = refused(ask(bad).await, Code::InvalidArgument, "INVALID_FIELDS");
        assert!(faults(&status).iter().all(|(field, _)| field.starts_with("remove_line_ids")), "{status:?}");
    }
    ask(vec![lines[0].clone()]).await.unwrap();
    world.settle().await;
    assert_eq!(case.claim().await.state(), ClaimState::PartnerActionRequired);
}
