//! R28, R33: a rejection is disputed, in time and with a reason.

use chrono::TimeDelta;
use cpor_acceptance::{
    ClaimStage, PDF, TestClaim, TestSystem, assert_refused, both_databases, from_timestamp, metadata,
};
use cpor_proto::{
    claims::v1::{ClaimCommand, ClaimState},
    r#type::v1::{AssociationState, PrimaryRejectionReason},
};
use tonic::Code;

both_databases![
    r28_a_dispute_is_reviewed_anew_and_approved,
    r28_a_dispute_needs_a_justification_or_evidence_since_the_rejection,
    r28_an_answer_leads_back_to_the_dispute,
    r28_an_approval_before_a_dispute_counts_until_a_decline,
    r28_who_declined_has_to_approve_explicitly,
    r28_silence_after_a_decline_is_final,
    r28_what_was_withdrawn_is_final,
    r33_a_late_dispute_is_told_that_only_a_new_claim_helps,
    r38_a_disputed_claims_lines_are_live_again,
];

async fn r28_a_dispute_is_reviewed_anew_and_approved(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    let rejected = case.review_name().await;
    let claim = case.dispute("The signature is on page two.").await.unwrap();
    assert_eq!((claim.state(), claim.disputes), (ClaimState::Disputed, 1));
    system.wait_until_idle().await;
    assert_ne!(case.review_name().await, rejected);
    assert_eq!(case.review(&system.lead).await.unwrap().reviewer, "", "assigned or taken anew");
    assert_eq!(case.entry("disputed").await.reason, "The signature is on page two.");
    case.take_and_start_review().await;
    assert_eq!(case.claim().await.state(), ClaimState::Disputed);
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Pending));
    system.advance_by(TimeDelta::days(8)).await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
}

async fn r28_a_dispute_needs_a_justification_or_evidence_since_the_rejection(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    assert_refused(case.dispute("").await, Code::FailedPrecondition, "DISPUTE_UNFOUNDED");
    case.upload("signed.pdf", PDF).await.unwrap();
    assert_eq!(case.dispute("").await.unwrap().state(), ClaimState::Disputed);
}

async fn r28_an_answer_leads_back_to_the_dispute(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    case.dispute("The signature is on page two.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::PartnerActionRequired);
    assert_eq!(case.resubmit("Page two.").await.unwrap().state(), ClaimState::Disputed);
}

/// Declined, disputed, approved by the reviewer.
async fn declined_and_approved(system: &TestSystem) -> TestClaim<'_> {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Declined).await;
    assert!(case.dispute("They meant another project.").await.unwrap().explicit_approval_needed);
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case
}

/// Approved by the customer, rejected by the reviewer.
async fn approved_and_rejected(system: &TestSystem) -> TestClaim<'_> {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case
}

/// Disputed, and approved by the reviewer: what the customer's service and the claim say of the customer's word, and of the association.
async fn disputed(case: &TestClaim<'_>) -> (bool, bool, AssociationState) {
    case.dispute("They meant another project.").await.unwrap();
    case.system.wait_until_idle().await;
    let (claim, consent) = (case.claim().await, case.consent().await.unwrap());
    assert_eq!(claim.explicit_approval_needed, consent.explicit_approval_needed, "both say the same");
    case.take_and_start_review().await;
    case.approve(&case.system.reviewer).await.unwrap();
    case.system.wait_until_idle().await;
    (consent.approve_time.is_some(), claim.explicit_approval_needed, case.claim().await.association_state())
}

async fn r28_an_approval_before_a_dispute_counts_until_a_decline(system: &TestSystem) {
    let case = approved_and_rejected(system).await;
    assert_eq!(disputed(&case).await, (true, false, AssociationState::Official), "R26a: it was given before");
    let case = approved_and_rejected(system).await;
    case.decline_consent("On second thoughts.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(disputed(&case).await, (false, true, AssociationState::Pending), "R28: a decline beats it");
    // And an approval since beats what was declined before, until the next decline.
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Declined).await;
    case.dispute("They meant another project.").await.unwrap();
    system.wait_until_idle().await;
    case.approve_consent().await.unwrap();
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case.decline_consent("No, after all.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(disputed(&case).await, (false, true, AssociationState::Pending));
}

async fn r28_who_declined_has_to_approve_explicitly(system: &TestSystem) {
    let case = declined_and_approved(system).await;
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    let claim = case.claim().await;
    assert_eq!((claim.association_state(), claim.explicit_approval_needed), (AssociationState::Official, false));
}

async fn r28_silence_after_a_decline_is_final(system: &TestSystem) {
    let case = declined_and_approved(system).await;
    system.advance_by(TimeDelta::days(8)).await;
    let rejection = case.claim().await.rejection.unwrap();
    assert_eq!(rejection.primary_reason(), PrimaryRejectionReason::CustomerDeclined);
    assert!(rejection.is_final);
    let status = assert_refused(case.dispute("Please.").await, Code::FailedPrecondition, "DISPUTE_NOT_ALLOWED");
    assert_eq!(metadata(&status, "finality"), "NO_EXPLICIT_APPROVAL");
}

async fn r28_what_was_withdrawn_is_final(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Withdrawn).await;
    let status = assert_refused(case.dispute("By mistake.").await, Code::FailedPrecondition, "DISPUTE_NOT_ALLOWED");
    assert_eq!(metadata(&status, "finality"), "PARTNER_REQUEST");
    assert_eq!(case.claim().await.allowed_commands().collect::<Vec<_>>(), [ClaimCommand::Comment]);
}

async fn r33_a_late_dispute_is_told_that_only_a_new_claim_helps(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    let rejection = case.claim().await.rejection.unwrap();
    assert!(!rejection.is_final && rejection.dispute_due_rule.starts_with("30 calendar days"), "{rejection:?}");
    let due = from_timestamp(rejection.dispute_due_time);
    system.advance_to(due - TimeDelta::microseconds(1)).await;
    assert!(case.claim().await.allowed_commands().any(|command| command == ClaimCommand::Dispute));
    system.advance_to(due).await;
    let status = assert_refused(case.dispute("Sorry.").await, Code::FailedPrecondition, "DISPUTE_WINDOW_PASSED");
    assert_eq!(metadata(&status, "advice"), "SUBMIT_NEW_CLAIM");
    assert!(status.message().contains("only a new claim with updated proof of execution helps"));
    let rejection = case.claim().await.rejection.unwrap();
    assert_eq!((rejection.is_final, rejection.dispute_due_time), (true, None));
    assert_eq!(case.entry("dispute_window_passed").await.to_state(), ClaimState::Rejected);
}

async fn r38_a_disputed_claims_lines_are_live_again(system: &TestSystem) {
    let claim = system.presales().await;
    let case = TestClaim::at_stage(system, claim.clone(), ClaimStage::Rejected).await;
    case.dispute("The signature is on page two.").await.unwrap();
    let again = TestClaim::create_with_evidence(system, claim).await;
    cpor_acceptance::assert_violations(again.submit().await, &[("lines[0]", "ALREADY_CLAIMED")]);
}
