use cpor_types::{Activity, AssociationKey, SubscriptionId};

use super::{Legacy, NotDeclined};
use crate::domain::association::{AssociationState, EndReason};
use crate::domain::directory::{Subscription, SubscriptionStatus};
use crate::domain::examples::{active, catalog, claim, hold, id, now, partner, subscription_id, tenant};
use crate::domain::reason::Reason;
use crate::domain::tenant::Tenant;

fn on(subscription: SubscriptionId) -> Legacy {
    Legacy {
        partner: id("contoso"),
        mpn_id: id("100"),
        key: AssociationKey::Subscription(subscription),
        activities: vec![Activity::Usage, Activity::PreSales],
    }
}

fn import(tenant: &Tenant, legacy: &Legacy) -> Result<Option<Tenant>, Vec<Reason>> {
    tenant.import_legacy(legacy, Some(&partner()), &catalog(), now()).map(|changed| changed.map(|(next, _)| next))
}

#[test]
fn r58_it_is_official_at_once_holds_the_key_and_is_taken_over_once() {
    let tenant = import(&tenant(), &on(subscription_id(1))).unwrap().unwrap();
    assert_eq!(tenant.associations.len(), 2);
    assert!(
        tenant.associations.values().all(|found| found.state == AssociationState::Official { official_time: now() })
    );
    assert_eq!(import(&tenant, &on(subscription_id(1))), Ok(None));
    let second = Legacy { partner: id("litware"), ..on(subscription_id(1)) };
    assert_eq!(import(&tenant, &second), Err(vec![Reason::KeyHeld]));
    let rival = claim("litware", 2);
    let (after, _) = tenant.place(&hold(&rival, 2, &[Activity::Usage]), Some(&partner()), &catalog(), now()).unwrap();
    assert_eq!(after.live_of(&rival).count(), 0);
}

#[test]
fn r58_what_is_not_taken_over_says_why() {
    let mut tenant = tenant();
    let subscriptions = [
        (2, active("power-apps"), Reason::FamilyNotTakenOver),
        (3, active("teams"), Reason::MustBeClaimedAnew),
        (4, Subscription { status: SubscriptionStatus::Expired, ..active("power-bi") }, Reason::SubscriptionExpired),
        (5, Subscription { end_time: Some(now()), ..active("dynamics-365-sales") }, Reason::SubscriptionExpired),
    ];
    for (n, subscription, reason) in subscriptions {
        tenant.directory.subscriptions.insert(subscription_id(n), subscription);
        assert_eq!(import(&tenant, &on(subscription_id(n))), Err(vec![reason]), "{n}");
    }
    assert_eq!(import(&tenant, &on(subscription_id(9))), Err(vec![Reason::SubscriptionNotOnTenant]));
    let workload = Legacy { key: AssociationKey::Workload(id("teams")), mpn_id: id("7"), ..on(subscription_id(1)) };
    assert_eq!(import(&tenant, &workload), Err(vec![Reason::MustBeClaimedAnew, Reason::LocationNotOfPartner]));
    tenant.directory.subscriptions.insert(subscription_id(6), active("dynamics-365-sales"));
    assert!(import(&tenant, &on(subscription_id(6))).unwrap().is_some());
}

#[test]
fn r58_the_customer_can_decline_it() {
    let tenant = import(&tenant(), &on(subscription_id(1))).unwrap().unwrap();
    let id = *tenant.associations.keys().next().unwrap();
    let (after, events) = tenant.decline_legacy(id, now()).unwrap();
    assert_eq!((events, after.associations.values().filter(|found| found.is_live()).count()), (vec![], 1));
    let AssociationState::Ended { reason, .. } = after.associations[&id].state else { panic!("it lasts") };
    assert_eq!(reason, EndReason::Declined);
    assert_eq!(after.decline_legacy(id, now()), Err(NotDeclined::NotLive));
    assert_eq!(import(&after, &on(subscription_id(1))), Ok(None), "what was declined does not come back");
    let contoso = claim("contoso", 1);
    let (held, _) = tenant.place(&hold(&contoso, 1, &[Activity::Usage]), Some(&partner()), &catalog(), now()).unwrap();
    let (of_claim, _) = held.live_of(&contoso).next().unwrap();
    assert_eq!(held.decline_legacy(of_claim, now()), Err(NotDeclined::OfClaim));
}
