//! R39: associations end with their subscription.

use chrono::TimeDelta;
use cpor_acceptance::{ClaimStage, FABRIKAM, TestClaim, TestSystem, both_databases, rows, timestamp};
use cpor_proto::{
    claims::v1::ClaimState,
    registry::v1::Subscription,
    r#type::v1::{AssociationEndReason, AssociationState, SubscriptionStatus},
};

both_databases![
    r39_an_association_ends_after_the_grace_period,
    r39_grace_or_a_later_end_keeps_the_association,
    r39_a_pending_association_never_becomes_official,
    r39_a_late_report_ends_at_the_known_end,
];

/// Changes the subscription of the claim's line in the directory.
async fn set_subscription(system: &TestSystem, case: &TestClaim<'_>, status: SubscriptionStatus, end: &str) {
    let line = case.claim().await.lines.remove(0);
    let product = line.product.trim_start_matches("products/").to_owned();
    let subscription = rows::subscription(FABRIKAM, &line.subscription_id, &product);
    system
        .import_subscription(Subscription { status: status.into(), end_time: Some(timestamp(end)), ..subscription })
        .await;
    system.wait_until_idle().await;
}

/// Asserts that the claim is approved and its associations have expired.
async fn assert_expired(case: &TestClaim<'_>) {
    let claim = case.claim().await;
    assert_eq!((claim.state(), claim.association_state()), (ClaimState::Approved, AssociationState::Ended));
    for association in case.associations().await {
        assert_eq!(
            (association.state(), association.end_reason()),
            (AssociationState::Ended, AssociationEndReason::Expired)
        );
    }
}

async fn r39_an_association_ends_after_the_grace_period(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let key = case.key(0).await;
    set_subscription(system, &case, SubscriptionStatus::Active, "2026-05-01T00:00:00Z").await;
    system.advance_to("2026-05-30T23:59:59Z".parse().unwrap()).await;
    assert_eq!(system.associations_of_key(&key, None).await.len(), 1, "within the grace period");
    system.advance_to("2026-05-31T00:00:00Z".parse().unwrap()).await;
    assert!(system.associations_of_key(&key, None).await.is_empty());
    assert_expired(&case).await;
    assert_eq!(case.associations().await[0].end_time, Some(timestamp("2026-05-31T00:00:00Z")));
}

async fn r39_grace_or_a_later_end_keeps_the_association(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let key = case.key(0).await;
    set_subscription(system, &case, SubscriptionStatus::InGrace, "2026-05-01T00:00:00Z").await;
    set_subscription(system, &case, SubscriptionStatus::Active, "2027-05-01T00:00:00Z").await;
    system.advance_by(TimeDelta::days(120)).await;
    assert_eq!(system.associations_of_key(&key, None).await.len(), 1);
    set_subscription(system, &case, SubscriptionStatus::Expired, "2027-05-01T00:00:00Z").await;
    assert_expired(&case).await;
}

async fn r39_a_pending_association_never_becomes_official(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    set_subscription(system, &case, SubscriptionStatus::Expired, "2026-03-01T00:00:00Z").await;
    assert_expired(&case).await;
    system.advance_by(TimeDelta::days(10)).await;
    assert_expired(&case).await;
    assert!(case.associations().await.iter().all(|association| association.official_time.is_none()));
}

async fn r39_a_late_report_ends_at_the_known_end(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    system.advance_to("2026-06-10T08:00:00Z".parse().unwrap()).await;
    set_subscription(system, &case, SubscriptionStatus::Expired, "2026-03-31T00:00:00Z").await;
    assert_expired(&case).await;
    assert_eq!(case.associations().await[0].end_time, Some(timestamp("2026-04-30T00:00:00Z")));
}
