//! R39: associations end with their subscription.

use chrono::TimeDelta;
use cpor_acceptance::{ClaimStage, FABRIKAM, TestClaim, TestSystem, both_databases, rows, timestamp};
use cpor_proto::r#type::v1 as types;
use cpor_proto::{
    claims::v1::ClaimState,
    registry::v1::Subscription,
    r#type::v1::{AssociationEndReason, AssociationState, SubscriptionStatus},
};

both_databases![
    r39_an_association_ends_with_its_subscription_after_grace,
    r39_grace_and_a_later_end_keep_it,
    r39_a_pending_one_never_becomes_official,
];

/// The subscription of the claim's line, as the directory says it now.
async fn now(system: &TestSystem, case: &TestClaim<'_>, status: SubscriptionStatus, end: &str) {
    let line = case.claim().await.lines.remove(0);
    let product = line.product.trim_start_matches("products/").to_owned();
    let subscription = rows::subscription(FABRIKAM, &line.subscription_id, &product);
    system
        .import_subscription(Subscription { status: status.into(), end_time: Some(timestamp(end)), ..subscription })
        .await;
    system.wait_until_idle().await;
}

async fn is_over(case: &TestClaim<'_>) {
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, types::AssociationState::Ended));
    let found = case.associations().await;
    assert!(
        found
            .iter()
            .all(|one| (one.state(), one.end_reason()) == (AssociationState::Ended, AssociationEndReason::Expired))
    );
}

async fn r39_an_association_ends_with_its_subscription_after_grace(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let key = case.key(0).await;
    now(system, &case, SubscriptionStatus::Active, "2026-05-01T00:00:00Z").await;
    system.advance_to("2026-05-30T23:59:59Z".parse().unwrap()).await;
    assert_eq!(system.associations_of_key(&key, None).await.len(), 1, "within the grace");
    system.advance_to("2026-05-31T00:00:00Z".parse().unwrap()).await;
    assert!(system.associations_of_key(&key, None).await.is_empty());
    is_over(&case).await;
    assert_eq!(case.associations().await[0].end_time, Some(timestamp("2026-05-31T00:00:00Z")));
    // A renewed subscription of a new id takes a new claim; so does the old one.
    TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
}

async fn r39_grace_and_a_later_end_keep_it(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let key = case.key(0).await;
    now(system, &case, SubscriptionStatus::InGrace, "2026-05-01T00:00:00Z").await;
    now(system, &case, SubscriptionStatus::Active, "2027-05-01T00:00:00Z").await;
    system.advance_by(TimeDelta::days(120)).await;
    assert_eq!(system.associations_of_key(&key, None).await.len(), 1);
    now(system, &case, SubscriptionStatus::Expired, "2027-05-01T00:00:00Z").await;
    is_over(&case).await;
}

async fn r39_a_pending_one_never_becomes_official(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    now(system, &case, SubscriptionStatus::Expired, "2026-03-01T00:00:00Z").await;
    is_over(&case).await;
    system.advance_by(TimeDelta::days(10)).await;
    is_over(&case).await;
    assert!(case.associations().await.iter().all(|found| found.official_time.is_none()));
}
