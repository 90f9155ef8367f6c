//! R14, R28, R30, R45: how a disputed claim is reviewed, and what a reviewer sees of a claim.

use chrono::{DateTime, TimeDelta, Utc};
use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, field_violations, timestamp};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, DisputeClaimRequest},
    reviews::v1::{ListReviewCasesRequest, RequestPartnerActionRequest, ReviewCaseState},
    r#type::v1::{PartnerActionReason, ReviewClock},
};
use tonic::Code;

both_databases![
    r28_a_dispute_opens_a_new_case,
    r45_the_dispute_decision_stops_while_the_partner_acts,
    r45_overdue_cases_can_be_listed,
    r14_reviewers_see_documents_and_operators_do_not,
    r30_a_reviewer_asks_for_lines_to_be_removed,
];

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A claim whose rejection is disputed.
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

async fn r28_a_dispute_opens_a_new_case(system: &TestSystem) {
    let case = disputed(system).await;
    let review = case.review(&system.lead).await.unwrap();
    let dispute = review.dispute.clone().unwrap();
    assert_ne!(dispute.previous_review_case, review.name);
    assert_eq!((dispute.number, dispute.justification.as_str()), (1, "Page two shows it."));
    assert_eq!((review.state(), review.reviewer.as_str()), (ReviewCaseState::Waiting, ""), "it has to be taken again");
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
    let initial = deadlines().await;
    assert_eq!(initial.iter().map(|deadline| deadline.clock()).collect::<Vec<_>>(), [ReviewClock::DisputeDecision]);
    assert_eq!(initial[0].due_time, Some(timestamp("2026-03-24T07:00:00Z")), "five business days from the dispute");
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

async fn r45_overdue_cases_can_be_listed(system: &TestSystem) {
    let late = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    system.advance_by(TimeDelta::days(10)).await;
    TestClaim::at_stage(system, system.usage().await, ClaimStage::Submitted).await;
    let request = ListReviewCasesRequest {
        parent: "tenants/-".into(),
        filter: "open = true AND overdue = true".into(),
        ..ListReviewCasesRequest::default()
    };
    let cases = system.lead.reviews().list_review_cases(request).await.unwrap().into_inner().review_cases;
    assert_eq!(cases.iter().map(|case| case.claim.as_str()).collect::<Vec<_>>(), [late.name.as_str()]);
}

async fn r14_reviewers_see_documents_and_operators_do_not(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    let shown = case.review(&system.reviewer).await.unwrap().evidence;
    let uploaded = case.evidence().await;
    assert_eq!((shown.len(), &shown[0].name, &shown[0].sha256), (1, &uploaded[0].name, &uploaded[0].sha256));
    case.download(&system.reviewer, &shown[0].name).await.unwrap();
    assert!(case.review(&system.operator).await.unwrap().evidence.is_empty(), "R5");
}

async fn r30_a_reviewer_asks_for_lines_to_be_removed(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.workloads(), ClaimStage::UnderReview).await;
    let lines = case.claim().await.lines;
    let ids: Vec<_> = lines.iter().map(|line| line.line_id.clone()).collect();
    let request_removal = async |remove_line_ids: Vec<String>| {
        let request = RequestPartnerActionRequest {
            name: case.review_name().await,
            reasons: vec![PartnerActionReason::ProductsMissing.into()],
            comment: "The proof does not mention Exchange Online.".into(),
            remove_line_ids,
            ..RequestPartnerActionRequest::default()
        };
        system.reviewer.reviews().request_partner_action(request).await
    };
    // An unknown line, all lines, and an id that is not a UUID.
    for invalid in [vec![system.next_uuid()], ids.clone(), vec!["teams".to_owned()]] {
        let status = assert_refused(request_removal(invalid).await, Code::InvalidArgument, "INVALID_FIELDS");
        assert!(field_violations(&status).iter().all(|(field, _)| field.starts_with("remove_line_ids")), "{status:?}");
    }
    request_removal(vec![ids[0].clone()]).await.unwrap();
    system.wait_until_idle().await;

    // The partner sees which line is meant: in the claim, in the history and by mail.
    let claim = case.claim().await;
    assert_eq!(claim.state(), ClaimState::PartnerActionRequired);
    assert_eq!(claim.partner_action.unwrap().remove_line_ids, [ids[0].as_str()]);
    let requested = case.entry("partner_action_requested").await;
    let removal = requested.changes.iter().find(|change| change.field == "partner_action.remove_lines");
    assert_eq!(removal.map(|change| change.new_value.as_str()), Some(ids[0].as_str()));
    let mail = case.partner_mails().await.pop().unwrap().text;
    let section = mail.split("What to remove from the claim").nth(1).and_then(|rest| rest.split("What the").next());
    let section = section.unwrap_or_else(|| panic!("no section about the removal: {mail}"));
    assert!(section.contains("Exchange Online") && !section.contains("Teams"), "{section}");

    // Removing the line answers the request; the review goes on with the other line.
    assert_refused(case.resubmit("").await, Code::FailedPrecondition, "NOTHING_CHANGED");
    case.update(Claim { lines: vec![lines[1].clone()], ..Claim::default() }, &["lines"]).await.unwrap();
    let resubmitted = case.resubmit("").await.unwrap();
    assert_eq!((resubmitted.state(), resubmitted.partner_action), (ClaimState::Submitted, None));
    assert_eq!(resubmitted.lines.iter().map(|line| &line.line_id).collect::<Vec<_>>(), [&ids[1]]);
    system.wait_until_idle().await;
    let review = case.review(&system.reviewer).await.unwrap();
    assert_eq!(review.lines.iter().map(|line| &line.key).collect::<Vec<_>>(), [&lines[1].key]);
}
