//! Expiry: the end of subscriptions (R39).
use chrono::TimeDelta;
use cpor_bulk_rows::storable_time;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::registry::v1::directory_row::Row;
use cpor_proto::{
    registry::v1::{Association, DirectoryRow, ListAssociationsRequest},
    r#type::v1::{AssociationEndReason, AssociationState, SubscriptionStatus},
};
use cpor_registry_client::{HoldOutcome, RegistryReason};
use cpor_testing::on_both_databases;
use cpor_types::{Actor, Clock as _, Role, Service, SystemClock, Timestamp};

use crate::events::{closed, granted};
use crate::fixture::TestSystem;
use crate::rows::{TENANT, at, claim, directory_rows, hold, subscription, to_wire, workload};

on_both_databases![
    r39_an_expired_subscription_ends_associations,
    r39_associations_end_after_the_grace_period,
    r47_a_late_grant_counts_until_the_expiry,
    r47_a_late_decline_ends_before_the_expiry,
];

fn ending(status: SubscriptionStatus, end: Timestamp) -> DirectoryRow {
    let mut row = subscription(1, status);
    if let Some(Row::Subscription(subscription)) = &mut row.row {
        subscription.end_time = Some(to_wire(end));
    }
    row
}

/// Creates two claims of Contoso for subscription 1: the first is officially on record, the second
/// has a pending hold.
async fn create_holds(system: &TestSystem) {
    system.import_new(directory_rows(1)).await;
    let (registry, actor) = (system.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
    for n in [1, 2] {
        assert_eq!(registry.place_hold(&actor, hold(&claim("contoso", n), n, &[1])).await.unwrap(), HoldOutcome::Held);
    }
    let first = claim("contoso", 1);
    system.deliver(first.claim.0, 1, granted(&first), at("2026-03-09T00:00:00Z")).await.unwrap();
}

async fn associations(system: &TestSystem) -> Vec<Association> {
    let request = ListAssociationsRequest { parent: format!("tenants/{TENANT}"), ..Default::default() };
    let mut lead = system.user(Role::ReviewLead, None, None);
    lead.list_associations(request).await.unwrap().into_inner().associations
}

async fn all_expired(system: &TestSystem) -> bool {
    let expired = |found: &Association| {
        found.state() == AssociationState::Ended && found.end_reason() == AssociationEndReason::Expired
    };
    associations(system).await.iter().all(expired)
}

async fn pending_deadlines(system: &TestSystem) -> i64 {
    use sea_orm::{ConnectionTrait, Statement};
    let db = system.db.reader();
    let count = "SELECT COUNT(*) AS n FROM deadline WHERE state = 'pending'";
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), count)).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

async fn r39_an_expired_subscription_ends_associations(system: TestSystem) {
    create_holds(&system).await;
    system.import(vec![subscription(1, SubscriptionStatus::InGrace)]).await;
    assert!(
        associations(&system).await.iter().all(|found| found.end_time.is_none()),
        "associations stay during the grace period"
    );
    system.import(vec![subscription(1, SubscriptionStatus::Expired)]).await;
    assert!(all_expired(&system).await);
    let ended = |sent: &[Payload]| {
        sent.iter().filter(|sent| matches!(sent, Payload::AssociationEnded(ended) if ended.none_left && ended.reason() == AssociationEndReason::Expired)).count()
    };
    assert_eq!(ended(&system.outgoing_events(Service::ClaimIntake).await), 2, "the pending one too");
    assert_eq!(ended(&system.outgoing_events(Service::Eligibility).await), 1, "the official one");
    let second = claim("contoso", 2);
    system.deliver(second.claim.0, 1, granted(&second), SystemClock.now()).await.unwrap();
    assert!(all_expired(&system).await);
    let never_official = associations(&system).await.iter().filter(|found| found.official_time.is_none()).count();
    assert_eq!(never_official, 1, "it never becomes official");
}

/// The grant happened before the expiry, but arrives after it.
async fn r47_a_late_grant_counts_until_the_expiry(system: TestSystem) {
    create_holds(&system).await;
    let second = claim("contoso", 2);
    let granted_time = SystemClock.now();
    system.import(vec![subscription(1, SubscriptionStatus::Expired)]).await;
    assert!(all_expired(&system).await);
    system.deliver(second.claim.0, 1, granted(&second), granted_time).await.unwrap();
    assert!(all_expired(&system).await, "it is over");
    let found = associations(&system).await.into_iter().find(|found| found.claim == second.to_string()).unwrap();
    assert_eq!(found.official_time, Some(to_wire(storable_time(granted_time))));
    assert!(found.end_time.unwrap().seconds >= found.official_time.unwrap().seconds);
    let ends = |sent: &[Payload]| {
        let is_end =
            |sent: &&Payload| matches!(sent, Payload::AssociationEnded(ended) if ended.claim == second.to_string());
        sent.iter().filter(is_end).count()
    };
    assert_eq!(ends(&system.outgoing_events(Service::ClaimIntake).await), 1, "it was told before");
    assert_eq!(ends(&system.outgoing_events(Service::Eligibility).await), 1);
    let official = |sent: &[Payload]| {
        let is_official = |sent: &&Payload| matches!(sent, Payload::AssociationBecameOfficial(one) if one.claim == second.to_string());
        sent.iter().filter(is_official).count()
    };
    assert_eq!(official(&system.outgoing_events(Service::Eligibility).await), 1);
}

async fn r39_associations_end_after_the_grace_period(system: TestSystem) {
    create_holds(&system).await;
    let now = cpor_types::Clock::now(&cpor_types::SystemClock);
    assert_eq!(pending_deadlines(&system).await, 0);
    system.import(vec![ending(SubscriptionStatus::Active, now - TimeDelta::days(29))]).await;
    assert_eq!(pending_deadlines(&system).await, 1);
    system.import(vec![workload("intune")]).await;
    assert!(associations(&system).await.iter().all(|found| found.end_time.is_none()), "within the grace period");

    let over = now - TimeDelta::days(31);
    system.import(vec![ending(SubscriptionStatus::InGrace, over)]).await;
    system.import(vec![workload("yammer")]).await;
    assert!(all_expired(&system).await, "a command that meets the deadline applies it first");
    assert_eq!(pending_deadlines(&system).await, 0);
    let (registry, actor) = (system.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
    let HoldOutcome::Refused(refusals) =
        registry.place_hold(&actor, hold(&claim("contoso", 3), 3, &[1])).await.unwrap()
    else {
        panic!("held")
    };
    assert_eq!(refusals[0].reason, RegistryReason::SubscriptionExpired);
}

/// The customer declined before the expiry, but the event arrives after it.
async fn r47_a_late_decline_ends_before_the_expiry(system: TestSystem) {
    create_holds(&system).await;
    let declined = |claim| closed(claim, cpor_proto::r#type::v1::PrimaryRejectionReason::CustomerDeclined);
    let (first, second) = (claim("contoso", 1), claim("contoso", 2));
    let decline_time = SystemClock.now();
    system.import(vec![subscription(1, SubscriptionStatus::Expired)]).await;
    assert!(all_expired(&system).await);
    system.deliver(first.claim.0, 2, declined(&first), decline_time).await.unwrap();
    system.deliver(second.claim.0, 1, declined(&second), SystemClock.now()).await.unwrap();
    let found = associations(&system).await;
    let end_of = |claim: &cpor_types::ClaimName| {
        let association = found.iter().find(|found| found.claim == claim.to_string()).unwrap();
        (association.end_reason(), association.end_time)
    };
    assert_eq!(end_of(&first), (AssociationEndReason::Declined, Some(to_wire(storable_time(decline_time)))));
    assert_eq!(end_of(&second).0, AssociationEndReason::Expired, "the expiry was first");
    let ends = system.outgoing_events(Service::Eligibility).await;
    let reasons: Vec<_> = ends
        .iter()
        .filter_map(|sent| if let Payload::AssociationEnded(ended) = sent { Some(ended.reason()) } else { None })
        .collect();
    assert_eq!(reasons, [AssociationEndReason::Expired, AssociationEndReason::Declined]);
}
