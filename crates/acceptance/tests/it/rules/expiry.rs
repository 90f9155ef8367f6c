//! R39: associations end with their subscription.

use chrono::TimeDelta;
use cpor_acceptance::{Case, FABRIKAM, Stage, World, at, both_databases, rows};
use cpor_proto::{
    claims::v1::{self as claims, ClaimState},
    registry::v1::{AssociationState, EndReason, Subscription, SubscriptionStatus},
};

both_databases![
    r39_an_association_ends_with_its_subscription_after_grace,
    r39_grace_and_a_later_end_keep_it,
    r39_a_pending_one_never_becomes_official,
];

/// The subscription of the claim's line, as the directory says it now.
async fn now(world: &World, case: &Case<'_>, status: SubscriptionStatus, end: &str) {
    let line = case.claim().await.lines.remove(0);
    let product = line.product.trim_start_matches("products/").to_owned();
    let subscription = rows::subscription(FABRIKAM, &line.subscription_id, &product);
    world.subscribe_as(Subscription { status: status.into(), end_time: Some(at(end)), ..subscription }).await;
    world.settle().await;
}

async fn is_over(case: &Case<'_>) {
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, claims::AssociationState::Ended));
    let found = case.associations().await;
    assert!(found.iter().all(|one| (one.state(), one.end_reason()) == (AssociationState::Ended, EndReason::Expired)));
}

async fn r39_an_association_ends_with_its_subscription_after_grace(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Official).await;
    let key = case.key(0).await;
    now(world, &case, SubscriptionStatus::Active, "2026-05-01T00:00:00Z").await;
    world.advance_to("2026-05-30T23:59:59Z".parse().unwrap()).await;
    assert_eq!(world.on_record(&key, None).await.len(), 1, "within the grace");
    world.advance_to("2026-05-31T00:00:00Z".parse().unwrap()).await;
    assert!(world.on_record(&key, None).await.is_empty());
    is_over(&case).await;
    assert_eq!(case.associations().await[0].end_time, Some(at("2026-05-31T00:00:00Z")));
    // A renewed subscription of a new id takes a new claim; so does the old one.
    Case::at(world, world.presales().await, Stage::Submitted).await;
}

async fn r39_grace_and_a_later_end_keep_it(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Official).await;
    let key = case.key(0).await;
    now(world, &case, SubscriptionStatus::InGrace, "2026-05-01T00:00:00Z").await;
    now(world, &case, SubscriptionStatus::Active, "2027-05-01T00:00:00Z").await;
    world.advance(TimeDelta::days(120)).await;
    assert_eq!(world.on_record(&key, None).await.len(), 1);
    now(world, &case, SubscriptionStatus::Expired, "2027-05-01T00:00:00Z").await;
    is_over(&case).await;
}

async fn r39_a_pending_one_never_becomes_official(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::Approved).await;
    now(world, &case, SubscriptionStatus::Expired, "2026-03-01T00:00:00Z").await;
    is_over(&case).await;
    world.advance(TimeDelta::days(10)).await;
    is_over(&case).await;
    assert!(case.associations().await.iter().all(|found| found.official_time.is_none()));
}
