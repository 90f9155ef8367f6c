//! The end of subscriptions (R39).
use chrono::TimeDelta;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::registry::v1::directory_row::Row;
use cpor_proto::registry::v1::{
    Association, AssociationState, DirectoryRow, EndReason, ListAssociationsRequest, SubscriptionStatus,
};
use cpor_registry_client::{HoldAnswer, Reason};
use cpor_types::{Actor, Role, Service, Timestamp};

use crate::events::granted;
use crate::rows::{TENANT, at, claim, everybody, hold, subscription, wire, workload};
use crate::stage::{Stage, on_both};

fn ending(status: SubscriptionStatus, end: Timestamp) -> DirectoryRow {
    let mut row = subscription(1, status);
    if let Some(Row::Subscription(subscription)) = &mut row.row {
        subscription.end_time = Some(wire(end));
    }
    row
}

/// A claim of Contoso's is on record, another is about to be.
async fn held(stage: &Stage) {
    stage.create(everybody(1)).await;
    let (registry, actor) = (stage.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
    for n in [1, 2] {
        assert_eq!(registry.place_hold(&actor, hold(&claim("contoso", n), n, &[1])).await.unwrap(), HoldAnswer::Held);
    }
    let first = claim("contoso", 1);
    stage.tell(first.claim.0, 1, granted(&first), at("2026-03-09T00:00:00Z")).await.unwrap();
}

async fn associations(stage: &Stage) -> Vec<Association> {
    let request = ListAssociationsRequest { parent: format!("tenants/{TENANT}"), ..Default::default() };
    let mut lead = stage.user(Role::ReviewLead, None, None);
    lead.list_associations(request).await.unwrap().into_inner().associations
}

async fn all_expired(stage: &Stage) -> bool {
    let expired =
        |found: &Association| found.state() == AssociationState::Ended && found.end_reason() == EndReason::Expired;
    associations(stage).await.iter().all(expired)
}

async fn pending_deadlines(stage: &Stage) -> i64 {
    use sea_orm::{ConnectionTrait, Statement};
    let db = stage.db.reader();
    let count = "SELECT COUNT(*) AS n FROM deadline WHERE state = 'pending'";
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), count)).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

on_both! {
    async fn r39_what_the_directory_calls_expired_ends_and_all_are_told(stage: Stage) {
        held(&stage).await;
        stage.import(vec![subscription(1, SubscriptionStatus::InGrace)]).await;
        assert!(associations(&stage).await.iter().all(|found| found.end_time.is_none()), "grace keeps them");
        stage.import(vec![subscription(1, SubscriptionStatus::Expired)]).await;
        assert!(all_expired(&stage).await);
        let ended = |said: &[Payload]| said.iter().filter(|said| matches!(said, Payload::AssociationEnded(ended) if ended.all && ended.reason == "expired")).count();
        assert_eq!(ended(&stage.said_to(Service::ClaimIntake).await), 2, "the pending one too");
        assert_eq!(ended(&stage.said_to(Service::Eligibility).await), 1, "the official one");
        let second = claim("contoso", 2);
        stage.tell(second.claim.0, 1, granted(&second), at("2026-03-09T00:00:00Z")).await.unwrap();
        assert!(all_expired(&stage).await, "it never becomes official");
    }

    async fn r39_the_end_and_its_grace_pass_by_themselves(stage: Stage) {
        held(&stage).await;
        let now = cpor_types::Clock::now(&cpor_types::SystemClock);
        assert_eq!(pending_deadlines(&stage).await, 0);
        stage.import(vec![ending(SubscriptionStatus::Active, now - TimeDelta::days(29))]).await;
        assert_eq!(pending_deadlines(&stage).await, 1);
        stage.import(vec![workload("intune")]).await;
        assert!(associations(&stage).await.iter().all(|found| found.end_time.is_none()), "within the grace");

        let over = now - TimeDelta::days(31);
        stage.import(vec![ending(SubscriptionStatus::InGrace, over)]).await;
        stage.import(vec![workload("yammer")]).await;
        assert!(all_expired(&stage).await, "a command that meets the deadline applies it first");
        assert_eq!(pending_deadlines(&stage).await, 0);
        let (registry, actor) = (stage.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
        let HoldAnswer::Refused(why) = registry.place_hold(&actor, hold(&claim("contoso", 3), 3, &[1])).await.unwrap() else { panic!("held") };
        assert_eq!(why[0].reason, Reason::SubscriptionExpired);
    }
}
