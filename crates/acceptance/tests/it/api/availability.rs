//! With a service away: what needs it says so and when to try again, the rest goes on, and all is caught up with.

use cpor_acceptance::{Case, Stage, World, both_databases, refused, retry_after};
use cpor_proto::{
    claims::v1::{AssociationState, ClaimState, ExplainClaimRequest, Party, PartyCommands, WaitsFor},
    reviews::v1::ReviewCaseState,
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

async fn stop(world: &World, service: Service) {
    world.nodes()[world.process_of(service)].stop().await;
}

async fn start(world: &World, service: Service) {
    world.start(world.process_of(service)).await;
}

async fn without_the_registry_nothing_is_submitted(world: &World) {
    let case = Case::complete(world, world.presales().await).await;
    stop(world, Service::Registry).await;
    let status = refused(case.submit().await, Code::Unavailable, "REGISTRY_UNAVAILABLE");
    assert!(retry_after(&status).is_some(), "{status:?}");
    assert_eq!(case.claim().await.state(), ClaimState::Editing);
    start(world, Service::Registry).await;
    eventually(async || case.submit().await.is_ok()).await;
}

async fn without_the_registry_drafts_go_on(world: &World) {
    let claim = world.presales().await;
    stop(world, Service::Registry).await;
    let case = Case::complete(world, claim).await;
    let renamed = cpor_proto::claims::v1::Claim { display_name: "Renamed".into(), ..Default::default() };
    case.update(renamed, &["display_name"]).await.unwrap();
    start(world, Service::Registry).await;
    eventually(async || case.submit().await.is_ok()).await;
    assert_eq!(case.claim().await.display_name, "Renamed");
}

async fn an_approval_outlives_the_registry_s_absence(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::UnderReview).await;
    stop(world, Service::Registry).await;
    let status = refused(case.approve(&world.reviewer).await, Code::Unavailable, "REGISTRY_UNAVAILABLE");
    assert!(retry_after(&status).is_some());
    assert_eq!(case.review(&world.lead).await.unwrap().state(), ReviewCaseState::Approving);
    let explained = async || {
        let request = ExplainClaimRequest { name: case.name.clone() };
        world.reviewer.claims().explain_claim(request).await.unwrap().into_inner()
    };
    eventually(async || explained().await.waits_for() == WaitsFor::Registry).await;
    let told = explained().await;
    assert_eq!((told.whose_move(), told.due_time), (Party::System, None), "R60: the clocks stand still, {told:#?}");
    let approves = |party: &PartyCommands| party.commands.iter().any(|one| one.method.ends_with("/ApproveReviewCase"));
    assert!(!told.parties.iter().any(approves), "it is approved already");
    start(world, Service::Registry).await;
    world.settle().await;
    assert_eq!(case.review(&world.lead).await.unwrap().state(), ReviewCaseState::Approved, "it is completed by itself");
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Pending));
    assert_eq!(case.associations().await.len(), 1);
}

async fn without_reviewers_service_submissions_go_on(world: &World) {
    stop(world, Service::PoeReview).await;
    let case = Case::complete(world, world.presales().await).await;
    case.submit().await.unwrap();
    assert_eq!(
        case.withdraw(cpor_proto::claims::v1::WithdrawReason::WrongMpnId, "").await.unwrap().state(),
        ClaimState::Rejected
    );
    let other = Case::complete(world, world.presales().await).await;
    other.submit().await.unwrap();
    start(world, Service::PoeReview).await;
    world.settle().await;
    assert_eq!(
        case.review(&world.lead).await.unwrap().state(),
        ReviewCaseState::Closed,
        "opened and closed, in this order"
    );
    assert_eq!(other.review(&world.lead).await.unwrap().state(), ReviewCaseState::Waiting);
}

/// Repeats until it succeeds, as a client does that is told when to try again; a connection that was refused rests a little first.
async fn eventually(attempt: impl AsyncFn() -> bool) {
    let tries = async { while !attempt().await {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), tries).await.expect("in time");
}
