//! The lifecycle of a claim, with a crash of a service after every step.

use chrono::TimeDelta;
use cpor_acceptance::{PDF, TestClaim, TestSystem, both_databases};
use cpor_proto::{
    claims::v1::ClaimState,
    r#type::v1::{AssociationState, Verdict},
};
use cpor_types::Service;

both_databases![
    with five_processes:
    a_claim_survives_crashes_of_claim_intake,
    a_claim_survives_crashes_of_poe_review,
    a_claim_survives_crashes_of_customer_consent,
    a_claim_survives_crashes_of_eligibility,
    a_claim_survives_crashes_of_the_registry,
];
both_databases![a_claim_survives_crashes_of_everything];

async fn a_claim_survives_crashes_of_claim_intake(system: &TestSystem) {
    run_with_crashes(system, &[Service::ClaimIntake]).await;
}

async fn a_claim_survives_crashes_of_poe_review(system: &TestSystem) {
    run_with_crashes(system, &[Service::PoeReview]).await;
}

async fn a_claim_survives_crashes_of_customer_consent(system: &TestSystem) {
    run_with_crashes(system, &[Service::CustomerConsent]).await;
}

async fn a_claim_survives_crashes_of_eligibility(system: &TestSystem) {
    run_with_crashes(system, &[Service::Eligibility]).await;
}

async fn a_claim_survives_crashes_of_the_registry(system: &TestSystem) {
    run_with_crashes(system, &[Service::Registry]).await;
}

async fn a_claim_survives_crashes_of_everything(system: &TestSystem) {
    run_with_crashes(system, &[Service::ClaimIntake]).await;
}

/// Crashes and restarts the services right after a step was acknowledged, while its events may be
/// undelivered. Then waits until the system is idle.
async fn crash(system: &TestSystem, services: &[Service]) {
    for service in services {
        system.crash(*service).await;
    }
    system.wait_until_idle().await;
}

async fn run_with_crashes(system: &TestSystem, services: &[Service]) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    crash(system, services).await;
    let document = case.upload("proof.pdf", PDF).await.unwrap();
    crash(system, services).await;
    assert_eq!(case.download(&case.partner, &document.name).await.unwrap().1, PDF);
    case.submit().await.unwrap();
    crash(system, services).await;
    assert_eq!(case.claim().await.state(), ClaimState::Submitted);
    case.take(&system.reviewer).await.unwrap();
    crash(system, services).await;
    case.start_review(&system.reviewer).await.unwrap();
    crash(system, services).await;
    assert_eq!(case.claim().await.state(), ClaimState::UnderReview);
    case.request_action(&system.reviewer).await.unwrap();
    crash(system, services).await;
    case.resubmit("Here it is.").await.unwrap();
    crash(system, services).await;
    case.start_review(&system.reviewer).await.unwrap();
    crash(system, services).await;
    case.approve(&system.reviewer).await.unwrap();
    crash(system, services).await;
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Pending));
    assert!(claim.consent_due_time.is_some(), "the notice was accepted and the window opened");
    system.advance_by(TimeDelta::days(8)).await;
    crash(system, services).await;
    let claim = case.claim().await;
    assert_eq!(claim.association_state(), AssociationState::Official);
    assert_eq!(claim.lines[0].assessments[0].verdict(), Verdict::Eligible);
    assert_each_step_once(&case).await;
}

/// Asserts that every step took effect once, although events were delivered again.
async fn assert_each_step_once(case: &TestClaim<'_>) {
    let history = case.history().await;
    let count = |action: &str| history.iter().filter(|entry| entry.action == action).count();
    let actions = [
        "created",
        "evidence_added",
        "submitted",
        "review_assigned",
        "partner_action_requested",
        "resubmitted",
        "review_approved",
        "consent_window_opened",
        "consent_window_passed",
        "association_granted",
        "association_official",
        "assessed",
    ];
    for action in actions {
        assert_eq!(count(action), 1, "{action}: {history:#?}");
    }
    assert_eq!((count("review_started"), count("notice_reported")), (2, 2), "{history:#?}");
    assert!(history.iter().all(|entry| !entry.overtaken), "{history:#?}");
    assert_eq!(case.associations().await.len(), 1);
    assert_eq!(case.system.mails_to(&case.contact().await).len(), 2, "no notice was sent twice");
}
