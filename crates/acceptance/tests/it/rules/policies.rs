//! R61, R62: what a rule leaves to policy follows the profile that a claim was submitted under.

use chrono::TimeDelta;
use cpor_acceptance::{ClaimStage, PDF, TestClaim, TestSystem, assert_refused, assert_violations, both_databases};
use cpor_proto::{
    claims::v1::{Claim, ClaimState},
    r#type::v1::AssociationState,
};
use tonic::Code;

both_databases![r62_unsure_the_profile_of_2021_decides];
both_databases![with policy_2020:
    r61_in_2020_the_window_counts_from_the_notice_at_submission,
    r61_in_2020_only_evidence_and_comments_are_added,
];
both_databases![with policy_2023:
    r61_in_2023_the_terms_must_be_acknowledged,
    r61_in_2023_the_customer_may_decline_any_time,
    r61_in_2023_there_is_one_dispute,
];

async fn r62_unsure_the_profile_of_2021_decides(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    assert_eq!(case.claim().await.policy, "2021@1");
}

async fn r61_in_2020_the_window_counts_from_the_notice_at_submission(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    assert_eq!(case.claim().await.policy, "2020@1");
    // Longer than five business days: the window has passed, and the association waits for the approval alone.
    system.advance_by(TimeDelta::days(10)).await;
    let mails = system.mails_to(&case.contact().await).len();
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.association_state(), AssociationState::Official);
    assert_eq!(system.mails_to(&case.contact().await).len(), mails, "no notice at approval");
}

async fn r61_in_2020_only_evidence_and_comments_are_added(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let edited = case.update(Claim { mpn_id: "1002".into(), ..Claim::default() }, &["mpn_id"]).await;
    assert_refused(edited, Code::FailedPrecondition, "COMMAND_NOT_ALLOWED");
    case.upload("signed.pdf", PDF).await.unwrap();
    case.comment(&case.partner, "Signed.").await.unwrap();
}

/// Submitted, with the terms acknowledged.
async fn acknowledged(system: &TestSystem) -> Claim {
    Claim { terms_acknowledged: true, ..system.presales().await }
}

async fn r61_in_2023_the_terms_must_be_acknowledged(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    assert_violations(case.submit().await, &[("terms_acknowledged", "TERMS_NOT_ACKNOWLEDGED")]);
    let case = TestClaim::at_stage(system, acknowledged(system).await, ClaimStage::Submitted).await;
    assert_eq!(case.claim().await.policy, "2023@1");
}

async fn r61_in_2023_the_customer_may_decline_any_time(system: &TestSystem) {
    let case = TestClaim::at_stage(system, acknowledged(system).await, ClaimStage::Official).await;
    system.advance_by(TimeDelta::days(100)).await;
    case.decline_consent("We part ways.").await.unwrap();
    system.wait_until_idle().await;
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Rejected, AssociationState::Ended));
}

async fn r61_in_2023_there_is_one_dispute(system: &TestSystem) {
    let case = TestClaim::at_stage(system, acknowledged(system).await, ClaimStage::Rejected).await;
    case.dispute("The signature is on page two.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.reject(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert!(case.claim().await.rejection.unwrap().is_final);
    assert_refused(case.dispute("Once more.").await, Code::FailedPrecondition, "DISPUTE_NOT_ALLOWED");
}
