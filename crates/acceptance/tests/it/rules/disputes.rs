//! R28, R33, R38: disputes of rejections.

use chrono::TimeDelta;
use cpor_acceptance::{
    ClaimStage, PDF, TestClaim, TestSystem, assert_refused, assert_violations, both_databases, from_timestamp, metadata,
};
use cpor_proto::{
    claims::v1::{ClaimCommand, ClaimState},
    r#type::v1::{AssociationState, PrimaryRejectionReason},
};
use tonic::Code;

both_databases![
    r28_a_disputed_claim_can_be_approved,
    r28_a_dispute_needs_justification_or_evidence,
    r28_a_resubmission_returns_to_the_dispute,
    r28_an_early_approval_counts_until_a_decline,
    r28_a_decline_requires_explicit_approval,
    r28_silence_after_a_decline_is_final,
    r28_a_withdrawn_claim_cannot_be_disputed,
    r33_a_late_dispute_is_referred_to_a_new_claim,
    r38_a_dispute_occupies_the_lines_again,
];

async fn r28_a_disputed_claim_can_be_approved(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    let first_case = case.review_name().await;
    let claim = case.dispute("The signature is on page two.").await.unwrap();
    assert_eq!((claim.state(), claim.disputes), (ClaimState::Disputed, 1));
    system.wait_until_idle().await;
    assert_ne!(case.review_name().await, first_case);
    assert_eq!(case.review(&system.lead).await.unwrap().reviewer, "", "it has to be taken again");
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

async fn r28_a_dispute_needs_justification_or_evidence(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    assert_refused(case.dispute("").await, Code::FailedPrecondition, "DISPUTE_UNFOUNDED");
    case.upload("signed.pdf", PDF).await.unwrap();
    assert_eq!(case.dispute("").await.unwrap().state(), ClaimState::Disputed);
}

async fn r28_a_resubmission_returns_to_the_dispute(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    case.dispute("The signature is on page two.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::PartnerActionRequired);
    assert_eq!(case.resubmit("Page two.").await.unwrap().state(), ClaimState::Disputed);
}

/// A claim that the customer declined, the partner disputed and the reviewer approved.
async fn declined_and_approved(system: &TestSystem) -> TestClaim<'_> {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Declined).await;
    assert!(case.dispute("They meant another project.").await.unwrap().explicit_approval_needed);
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case
}

/// A claim that the customer approved and the reviewer rejected.
async fn approved_and_rejected(system: &TestSystem) -> TestClaim<'_> {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case
}

/// Disputes and approves a claim. Returns whether the customer's approval still counts, whether an
/// explicit approval is needed, and the state of the association.
async fn dispute_and_approve(case: &TestClaim<'_>) -> (bool, bool, AssociationState) {
    case.dispute("They meant another project.").await.unwrap();
    case.system.wait_until_idle().await;
    let (claim, consent) = (case.claim().await, case.consent().await.unwrap());
    assert_eq!(claim.explicit_approval_needed, consent.explicit_approval_needed, "claim and consent agree");
    case.take_and_start_review().await;
    case.approve(&case.system.reviewer).await.unwrap();
    case.system.wait_until_idle().await;
    (consent.approve_time.is_some(), claim.explicit_approval_needed, case.claim().await.association_state())
}

async fn r28_an_early_approval_counts_until_a_decline(system: &TestSystem) {
    let case = approved_and_rejected(system).await;
    assert_eq!(
        dispute_and_approve(&case).await,
        (true, false, AssociationState::Official),
        "R26a: the early approval counts"
    );
    let case = approved_and_rejected(system).await;
    case.decline_consent("On second thoughts.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(
        dispute_and_approve(&case).await,
        (false, true, AssociationState::Pending),
        "R28: a decline overrides it"
    );
    // A later approval overrides an earlier decline, until the next decline.
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Declined).await;
    case.dispute("They meant another project.").await.unwrap();
    system.wait_until_idle().await;
    case.approve_consent().await.unwrap();
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    case.decline_consent("No, after all.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(dispute_and_approve(&case).await, (false, true, AssociationState::Pending));
}

async fn r28_a_decline_requires_explicit_approval(system: &TestSystem) {
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

async fn r28_a_withdrawn_claim_cannot_be_disputed(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Withdrawn).await;
    let status = assert_refused(case.dispute("By mistake.").await, Code::FailedPrecondition, "DISPUTE_NOT_ALLOWED");
    assert_eq!(metadata(&status, "finality"), "PARTNER_REQUEST");
    assert_eq!(case.claim().await.allowed_commands().collect::<Vec<_>>(), [ClaimCommand::Comment]);
}

async fn r33_a_late_dispute_is_referred_to_a_new_claim(system: &TestSystem) {
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

async fn r38_a_dispute_occupies_the_lines_again(system: &TestSystem) {
    let claim = system.presales().await;
    let case = TestClaim::at_stage(system, claim.clone(), ClaimStage::Rejected).await;
    let again = TestClaim::create_with_evidence(system, claim).await;
    assert_eq!(again.claim().await.violations, [], "the lines of a rejected claim are free");
    case.dispute("The signature is on page two.").await.unwrap();
    assert_violations(again.submit().await, &[("lines[0]", "ALREADY_CLAIMED")]);
}
