//! With a service away: what needs it says so and when to try again, the rest goes on, and all is caught up with.

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, assert_refused, both_databases, retry_after};
use cpor_proto::{
    claims::v1::{ClaimState, ExplainClaimRequest, Party, PartyCommands, WaitsFor},
    reviews::v1::ReviewCaseState,
    r#type::v1::AssociationState,
};
use cpor_types::Service;
use tonic::Code;

both_databases![
    with five_processes:
    without_the_registry_nothing_is_submitted,
    without_the_registry_drafts_go_on,
    an_approval_outlives_the_registry_s_absence,
    without_reviewers_service_submissions_go_on,
];

async fn stop(system: &TestSystem, service: Service) {
    system.nodes()[system.process_hosting(service)].stop().await;
}

async fn start(system: &TestSystem, service: Service) {
    system.start(system.process_hosting(service)).await;
}

async fn without_the_registry_nothing_is_submitted(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    stop(system, Service::Registry).await;
    let status = assert_refused(case.submit().await, Code::Unavailable, "REGISTRY_UNAVAILABLE");
    assert!(retry_after(&status).is_some(), "{status:?}");
    assert_eq!(case.claim().await.state(), ClaimState::Editing);
    start(system, Service::Registry).await;
    eventually(async || case.submit().await.is_ok()).await;
}

async fn without_the_registry_drafts_go_on(system: &TestSystem) {
    let claim = system.presales().await;
    stop(system, Service::Registry).await;
    let case = TestClaim::create_with_evidence(system, claim).await;
    let renamed = cpor_proto::claims::v1::Claim { display_name: "Renamed".into(), ..Default::default() };
    case.update(renamed, &["display_name"]).await.unwrap();
    start(system, Service::Registry).await;
    eventually(async || case.submit().await.is_ok()).await;
    assert_eq!(case.claim().await.display_name, "Renamed");
}

async fn an_approval_outlives_the_registry_s_absence(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    stop(system, Service::Registry).await;
    let status = assert_refused(case.approve(&system.reviewer).await, Code::Unavailable, "REGISTRY_UNAVAILABLE");
    assert!(retry_after(&status).is_some());
    assert_eq!(case.review(&system.lead).await.unwrap().state(), ReviewCaseState::Approving);
    let explained = async || {
        let request = ExplainClaimRequest { name: case.name.clone() };
        system.reviewer.claims().explain_claim(request).await.unwrap().into_inner()
    };
    eventually(async || explained().await.waits_for() == WaitsFor::Registry).await;
    let told = explained().await;
    assert_eq!((told.whose_move(), told.due_time), (Party::System, None), "R60: the clocks stand still, {told:#?}");
    let approves = |party: &PartyCommands| party.commands.iter().any(|one| one.method.ends_with("/ApproveReviewCase"));
    assert!(!told.parties.iter().any(approves), "it is approved already");
    start(system, Service::Registry).await;
    system.wait_until_idle().await;
    assert_eq!(
        case.review(&system.lead).await.unwrap().state(),
        ReviewCaseState::Approved,
        "it is completed by itself"
    );
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Pending));
    assert_eq!(case.associations().await.len(), 1);
}

async fn without_reviewers_service_submissions_go_on(system: &TestSystem) {
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
        "opened and closed, in this order"
    );
    assert_eq!(other.review(&system.lead).await.unwrap().state(), ReviewCaseState::Waiting);
}

/// Repeats until it succeeds, as a client does that is told when to try again; a connection that was refused rests a little first.
async fn eventually(attempt: impl AsyncFn() -> bool) {
    let tries = async { while !attempt().await {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), tries).await.expect("in time");
}
