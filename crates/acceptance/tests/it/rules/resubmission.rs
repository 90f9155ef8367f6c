//! R21, R22: resubmissions, and what happens without one.

use chrono::TimeDelta;
use cpor_acceptance::{
    ClaimStage, PDF, TestClaim, TestSystem, assert_not_allowed, assert_refused, both_databases, due_rule,
    field_violations, from_timestamp, timestamp,
};
use cpor_proto::{
    claims::v1::ClaimState,
    consents::v1::ConsentState,
    reviews::v1::ReviewCaseState,
    r#type::v1::{ActorSide, FurtherRejectionReason, PrimaryRejectionReason},
};
use tonic::Code;

both_databases![
    r21_a_resubmission_needs_something_new,
    r21_evidence_or_a_comment_is_something_new,
    r21_a_blank_comment_is_no_answer,
    r21_case_and_reviewer_stay_the_same,
    r21_changes_before_the_request_do_not_count,
    r22_rejects_when_the_response_is_late,
    r22_accepts_a_response_just_in_time,
];

async fn r21_a_resubmission_needs_something_new(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    assert_refused(case.resubmit("").await, Code::FailedPrecondition, "NOTHING_CHANGED");
    case.comment(&system.reviewer, "Still waiting.").await.unwrap();
    assert_refused(case.resubmit("").await, Code::FailedPrecondition, "NOTHING_CHANGED");
    let claim = case.resubmit("The signed copy is attached.").await.unwrap();
    assert_eq!(claim.state(), ClaimState::Submitted);
    assert_eq!(case.entry("resubmitted").await.reason, "The signed copy is attached.");
}

async fn r21_evidence_or_a_comment_is_something_new(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    case.upload("signed.pdf", PDF).await.unwrap();
    case.resubmit("").await.unwrap();
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    case.comment(&system.contoso_user, "It is on page two.").await.unwrap();
    case.resubmit("").await.unwrap();
}

async fn r21_a_blank_comment_is_no_answer(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    for blank in [" ", "\u{a0}\u{200b}", "\r\n\t"] {
        let status = assert_refused(case.comment(&case.partner, blank).await, Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(field_violations(&status), [("comment.text".to_owned(), "STRING_MIN_LEN".to_owned())].into());
        assert_refused(case.resubmit(blank).await, Code::FailedPrecondition, "NOTHING_CHANGED");
    }
}

async fn r21_case_and_reviewer_stay_the_same(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let before = case.review_name().await;
    case.resubmit("Here it is.").await.unwrap();
    system.wait_until_idle().await;
    let review = case.review(&system.lead).await.unwrap();
    assert_eq!((&review.name, review.round, review.state()), (&before, 2, ReviewCaseState::Waiting));
    assert_eq!(review.reviewer, system.reviewer.subject);
    assert!(case.claim().await.partner_action.is_none());
    case.start_review(&system.reviewer).await.unwrap();
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Approved);
}

async fn r21_changes_before_the_request_do_not_count(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    case.comment(&case.partner, "Before.").await.unwrap();
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_refused(case.resubmit("").await, Code::FailedPrecondition, "NOTHING_CHANGED");
    case.upload("signed.pdf", PDF).await.unwrap();
    case.resubmit("").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_refused(case.resubmit("").await, Code::FailedPrecondition, "NOTHING_CHANGED");
}

async fn r22_rejects_when_the_response_is_late(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let action = case.claim().await.partner_action.unwrap();
    // The end of the fifth business day after Monday 16 March in Berlin.
    assert_eq!(
        (action.due_time, action.due_rule.as_str()),
        (Some(timestamp("2026-03-23T23:00:00Z")), due_rule("5 business days, calendar de 2026"))
    );
    system.advance_to(from_timestamp(action.due_time) - TimeDelta::microseconds(1)).await;
    assert_eq!(case.claim().await.state(), ClaimState::PartnerActionRequired);
    system.advance_to(from_timestamp(action.due_time)).await;

    let claim = case.claim().await;
    let rejection = claim.rejection.clone().unwrap();
    assert_eq!(
        (claim.state(), rejection.primary_reason()),
        (ClaimState::Rejected, PrimaryRejectionReason::InsufficientPoe)
    );
    assert_eq!(rejection.further_reasons().collect::<Vec<_>>(), [FurtherRejectionReason::NoPartnerResponse]);
    assert_eq!((rejection.reject_time, rejection.is_final), (action.due_time, false));
    let entry = case.entry("response_deadline_passed").await;
    assert_eq!((entry.side(), entry.effective_time), (ActorSide::Time, action.due_time));
    assert_eq!((entry.from_state(), entry.to_state()), (ClaimState::PartnerActionRequired, ClaimState::Rejected));
    assert_eq!(case.review(&system.lead).await.unwrap().state(), ReviewCaseState::Closed);
    assert_eq!(case.consent().await.unwrap().state(), ConsentState::Closed);
    assert_not_allowed(case.resubmit("Too late?").await, "resubmit", "rejected");
    case.upload("late.pdf", PDF).await.expect("evidence for a dispute (R28)");
}

async fn r22_accepts_a_response_just_in_time(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let due = from_timestamp(case.claim().await.partner_action.unwrap().due_time);
    system.advance_to(due - TimeDelta::microseconds(1)).await;
    assert_eq!(case.resubmit("Just in time.").await.unwrap().state(), ClaimState::Submitted);
    system.advance_to(due + TimeDelta::days(3)).await;
    assert_eq!(case.claim().await.state(), ClaimState::Submitted);
}
