//! While a service is stopped, calls that need it fail with UNAVAILABLE and say when to retry, and
//! other calls work. After its restart the service catches up.

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, retry_after};
use cpor_proto::{
    claims::v1::{ClaimState, ExplainClaimRequest, Party, PartyCommands, WaitsFor},
    eligibility::v1::{AssessmentState, GetAssessmentRequest},
    reviews::v1::ReviewCaseState,
    r#type::v1::AssociationState,
};
use cpor_types::Service;
use tonic::Code;

both_databases![
    with five_processes:
    submissions_fail_without_the_registry,
    drafts_work_without_the_registry,
    an_approval_completes_when_the_registry_returns,
    submissions_work_without_poe_review,
    an_assessment_is_named_once_it_exists,
];

async fn stop(system: &TestSystem, service: Service) {
    system.nodes()[system.process_hosting(service)].stop().await;
}

async fn start(system: &TestSystem, service: Service) {
    system.start(system.process_hosting(service)).await;
}

async fn submissions_fail_without_the_registry(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    stop(system, Service::Registry).await;
    let status = assert_refused(case.submit().await, Code::Unavailable, "REGISTRY_UNAVAILABLE");
    assert!(retry_after(&status).is_some(), "{status:?}");
    assert_eq!(case.claim().await.state(), ClaimState::Editing);
    start(system, Service::Registry).await;
    eventually(async || case.submit().await.is_ok()).await;
}

async fn drafts_work_without_the_registry(system: &TestSystem) {
    let claim = system.presales().await;
    stop(system, Service::Registry).await;
    let case = TestClaim::create_with_evidence(system, claim).await;
    let renamed = cpor_proto::claims::v1::Claim { display_name: "Renamed".into(), ..Default::default() };
    case.update(renamed, &["display_name"]).await.unwrap();
    start(system, Service::Registry).await;
    eventually(async || case.submit().await.is_ok()).await;
    assert_eq!(case.claim().await.display_name, "Renamed");
}

async fn an_approval_completes_when_the_registry_returns(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    stop(system, Service::Registry).await;
    let status = assert_refused(case.approve(&system.reviewer).await, Code::Unavailable, "REGISTRY_UNAVAILABLE");
    assert!(retry_after(&status).is_some());
    assert_eq!(case.review(&system.lead).await.unwrap().state(), ReviewCaseState::Approving);
    let explain = async || {
        let request = ExplainClaimRequest { name: case.name.clone() };
        system.reviewer.claims().explain_claim(request).await.unwrap().into_inner()
    };
    eventually(async || explain().await.waits_for() == WaitsFor::Registry).await;
    let explanation = explain().await;
    let waits = (explanation.acting_party(), explanation.due_time);
    assert_eq!(waits, (Party::System, None), "the review clocks are stopped: {explanation:#?}");
    let may_approve =
        |party: &PartyCommands| party.commands.iter().any(|command| command.method.ends_with("/ApproveReviewCase"));
    assert!(!explanation.parties.iter().any(may_approve), "an approval has begun already");
    start(system, Service::Registry).await;
    system.wait_until_idle().await;
    assert_eq!(
        case.review(&system.lead).await.unwrap().state(),
        ReviewCaseState::Approved,
        "the approval completes by itself"
    );
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Pending));
    assert_eq!(case.associations().await.len(), 1);
}

async fn an_assessment_is_named_once_it_exists(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    stop(system, Service::Eligibility).await;
    case.approve_consent().await.unwrap();
    eventually(async || case.claim().await.official_time.is_some()).await;
    assert_eq!(case.claim().await.assessment, "", "eligibility does not know the claim yet");
    start(system, Service::Eligibility).await;
    system.wait_until_idle().await;
    let request = GetAssessmentRequest { name: case.claim().await.assessment, ..GetAssessmentRequest::default() };
    let found = case.partner.eligibility().get_assessment(request).await.unwrap().into_inner();
    assert_eq!(found.state(), AssessmentState::Assessed);
}

async fn submissions_work_without_poe_review(system: &TestSystem) {
    stop(system, Service::PoeReview).await;
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    case.submit().await.unwrap();
    assert_eq!(
        case.withdraw(cpor_proto::claims::v1::WithdrawReason::WrongMpnId, "").await.unwrap().state(),
        ClaimState::Rejected
    );
    let other = TestClaim::create_with_evidence(system, system.presales().await).await;
    other.submit().await.unwrap();
    start(system, Service::PoeReview).await;
    system.wait_until_idle().await;
    assert_eq!(
        case.review(&system.lead).await.unwrap().state(),
        ReviewCaseState::Closed,
        "the case was opened, then closed"
    );
    assert_eq!(other.review(&system.lead).await.unwrap().state(), ReviewCaseState::Waiting);
}

/// Repeats an attempt until it succeeds, like a client that retries. After a refused connection the
/// channel itself waits a moment.
async fn eventually(attempt: impl AsyncFn() -> bool) {
    let retries = async { while !attempt().await {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), retries).await.expect("success in 20 seconds");
}
