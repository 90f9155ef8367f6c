use chrono::TimeDelta;
use cpor_types::{Activity, Timestamp};

use crate::domain::association::{AssociationState, EndReason};
use crate::domain::directory::{Subscription, SubscriptionStatus};
use crate::domain::examples::{active, at, catalog, claim, hold, id, line, now, partner, subscription_id, tenant};
use crate::domain::legacy::Legacy;
use crate::domain::tenant::{Ended, Tenant, TenantEvent};

fn end() -> Timestamp {
    at("2026-06-01T00:00:00Z")
}

fn ending(end_time: Timestamp) -> Subscription {
    let expire_time = Some(end_time + TimeDelta::days(30));
    Subscription { end_time: Some(end_time), expire_time, ..active("power-bi") }
}

/// Its subscription ends in June; a claim is on record for it, and another is about to be.
fn held() -> Tenant {
    let (bought, _) = tenant().import_subscription(subscription_id(1), ending(end()), now()).unwrap();
    let place = |tenant: &Tenant, n, activity| {
        let hold = hold(&claim("contoso", n), n, &[activity]);
        tenant.place(&hold, Some(&partner()), &catalog(), now()).unwrap().0
    };
    let official = place(&bought, 1, Activity::Usage).grant(&claim("contoso", 1), None, &catalog(), now()).unwrap().0;
    place(&official, 2, Activity::PreSales)
}

fn told(n: u128, official: bool) -> TenantEvent {
    let claim = claim("contoso", n);
    let lines = [line(&claim, 1).line_id].into();
    TenantEvent::Ended(Ended { claim, reason: EndReason::Expired, lines, official, all: true })
}

#[test]
fn r39_associations_end_when_the_grace_does() {
    let (tenant, due) = (held(), end() + TimeDelta::days(30));
    assert_eq!(tenant.next_end().unwrap().due, due);
    assert_eq!(tenant.expire(due - TimeDelta::microseconds(1)), None);
    let (at, (over, events)) = tenant.expire(due + TimeDelta::days(3)).unwrap();
    assert_eq!((at, events), (due, vec![told(1, true), told(2, false)]));
    let ended = |official_time| AssociationState::Ended { official_time, end_time: due, reason: EndReason::Expired };
    let mut states: Vec<_> = over.associations.values().map(|found| found.state).collect();
    states.sort_by_key(|state| *state == ended(None));
    assert_eq!(states, [ended(Some(now())), ended(None)]);
    assert_eq!((over.next_end(), over.holders().len()), (None, 0));
    assert_eq!(over.grant(&claim("contoso", 2), None, &catalog(), due), None, "pending ones never become official");
}

#[test]
fn r39_what_the_directory_says_moves_the_end() {
    let tenant = held();
    let later = end() + TimeDelta::days(365);
    let (renewed, _) = tenant.import_subscription(subscription_id(1), ending(later), now()).unwrap();
    assert_eq!(renewed.next_end().unwrap().due, later + TimeDelta::days(30));
    let grace = Subscription { status: SubscriptionStatus::InGrace, ..ending(end()) };
    let (in_grace, events) = tenant.import_subscription(subscription_id(1), grace, end()).unwrap();
    assert_eq!((in_grace.live_of(&claim("contoso", 1)).count(), events.len()), (1, 1));

    let expired = Subscription { status: SubscriptionStatus::Expired, ..ending(end()) };
    let (over, events) = tenant.import_subscription(subscription_id(1), expired.clone(), end()).unwrap();
    assert_eq!(events[1..], [told(1, true), told(2, false)]);
    assert!(over.associations.values().all(|found| !found.is_live()));
    let (back, _) = over.import_subscription(subscription_id(1), ending(later), end()).unwrap();
    assert!(back.associations.values().all(|found| !found.is_live()), "it needs a new claim");
}

#[test]
fn r58_what_was_taken_over_ends_without_grace() {
    let (bought, _) = tenant().import_subscription(subscription_id(1), ending(end()), now()).unwrap();
    let key = cpor_types::AssociationKey::Subscription(subscription_id(1));
    let legacy = Legacy { partner: id("contoso"), mpn_id: id("100"), key, activities: vec![Activity::Usage] };
    let (tenant, _) = bought.import_legacy(&legacy, Some(&partner()), &catalog(), now()).unwrap().unwrap();
    let (due, (over, events)) = tenant.expire(end()).unwrap();
    assert_eq!((due, events, over.holders().len()), (end(), vec![], 0));
}
