use chrono::TimeDelta;
use cpor_types::{Activity, Timestamp};

use crate::domain::association::{AssociationState, EndReason};
use crate::domain::directory::{Subscription, SubscriptionStatus};
use crate::domain::fixtures::{active, at, catalog, claim, hold, id, line, now, partner, subscription_id, tenant};
use crate::domain::legacy::{LegacyAssociation, holder_id};
use crate::domain::tenant::{AssociationsEnded, Tenant, TenantEvent};

/// When the subscription ends.
fn end() -> Timestamp {
    at("2026-06-01T00:00:00Z")
}

/// A subscription with a grace period of 30 days.
fn ending_at(end_time: Timestamp) -> Subscription {
    let expire_time = Some(end_time + TimeDelta::days(30));
    Subscription { end_time: Some(end_time), expire_time, ..active("power-bi") }
}

/// A tenant whose subscription ends in June. Claim 1 is officially on record for it, claim 2 has a
/// pending hold.
fn tenant_with_holds() -> Tenant {
    let (bought, _) = tenant().import_subscription(subscription_id(1), ending_at(end()), now()).unwrap();
    let place = |tenant: &Tenant, n, activity| {
        let hold = hold(&claim("contoso", n), n, &[activity]);
        tenant.place_hold(&hold, Some(&partner()), &catalog(), now()).unwrap().0
    };
    let official =
        place(&bought, 1, Activity::Usage).grant_claim(&claim("contoso", 1), None, &catalog(), now()).unwrap().0;
    place(&official, 2, Activity::PreSales)
}

/// The event about the expiry of claim `n`.
fn ended_event(n: u128, was_official: bool) -> TenantEvent {
    let claim = claim("contoso", n);
    let lines = [line(&claim, 1).line_id].into();
    TenantEvent::AssociationsEnded(AssociationsEnded {
        claim,
        reason: EndReason::Expired,
        reported_end: None,
        lines,
        was_official,
        is_last: true,
    })
}

#[test]
fn r39_associations_end_with_the_grace_period() {
    let (tenant, due) = (tenant_with_holds(), end() + TimeDelta::days(30));
    assert_eq!(tenant.next_deadline().unwrap().due, due);
    assert_eq!(tenant.expire(due - TimeDelta::microseconds(1)), None);
    let (at, (over, events)) = tenant.expire(due + TimeDelta::days(3)).unwrap();
    assert_eq!((at, events), (due, vec![ended_event(1, true), ended_event(2, false)]));
    let ended = |official_time| AssociationState::Ended { official_time, end_time: due, reason: EndReason::Expired };
    let mut states: Vec<_> = over.associations.values().map(|found| found.state).collect();
    states.sort_by_key(|state| *state == ended(None));
    assert_eq!(states, [ended(Some(now())), ended(None)]);
    assert_eq!((over.next_deadline(), over.key_holders().len()), (None, 0));
    assert_eq!(
        over.grant_claim(&claim("contoso", 2), None, &catalog(), due),
        None,
        "pending ones never become official"
    );
}

#[test]
fn r39_an_import_moves_the_end() {
    let tenant = tenant_with_holds();
    let later = end() + TimeDelta::days(365);
    let (renewed, _) = tenant.import_subscription(subscription_id(1), ending_at(later), now()).unwrap();
    assert_eq!(renewed.next_deadline().unwrap().due, later + TimeDelta::days(30));
    let grace = Subscription { status: SubscriptionStatus::InGrace, ..ending_at(end()) };
    let (in_grace, events) = tenant.import_subscription(subscription_id(1), grace, end()).unwrap();
    assert_eq!((in_grace.live_associations_of(&claim("contoso", 1)).count(), events.len()), (1, 1));

    let expired = Subscription { status: SubscriptionStatus::Expired, ..ending_at(end()) };
    let (over, events) = tenant.import_subscription(subscription_id(1), expired.clone(), end()).unwrap();
    assert_eq!(events[1..], [ended_event(1, true), ended_event(2, false)]);
    assert!(over.associations.values().all(|found| !found.is_live()));
    let planned = end() + TimeDelta::days(30);
    for report in [end() + TimeDelta::days(1), planned, planned + TimeDelta::days(1)] {
        let again = over.import_subscription(subscription_id(1), expired.clone(), report);
        assert_eq!(again, None, "the first report counts, not the planned end: {report}");
    }
    let (back, _) = over.import_subscription(subscription_id(1), ending_at(later), end()).unwrap();
    assert!(
        back.associations.values().all(|found| !found.is_live()),
        "an ended association stays ended, the partner needs a new claim"
    );
}

#[test]
fn r58_legacy_associations_end_without_grace() {
    let (bought, _) = tenant().import_subscription(subscription_id(1), ending_at(end()), now()).unwrap();
    let key = cpor_types::AssociationKey::Subscription(subscription_id(1));
    let legacy = LegacyAssociation {
        partner: id("contoso"),
        mpn_id: id("100"),
        key: key.clone(),
        activities: vec![Activity::Usage],
        contact: None,
    };
    let (tenant, _) = bought.import_legacy(&legacy, Some(&partner()), &catalog(), now()).unwrap().unwrap();
    let (due, (over, events)) = tenant.expire(end()).unwrap();
    let holder = holder_id(tenant.id, &legacy.partner, &key);
    let gone = TenantEvent::LegacyHolderGone { key, holder };
    assert_eq!((due, events, over.key_holders().len()), (end(), vec![gone], 0));
}
