use cpor_types::{Activity, Actor, ActorSide, AssociationKey, CaseId, SubscriptionId};
use uuid::Uuid;

use super::{DeclineRefusal, EraseRefusal, LegacyAssociation, holder_id};
use crate::domain::association::{AssociationState, EndReason, HolderErasure};
use crate::domain::directory::{Subscription, SubscriptionStatus};
use crate::domain::fixtures::{active, catalog, claim, hold, id, now, partner, subscription_id, tenant};
use crate::domain::reason::Reason;
use crate::domain::tenant::{NoticeSubject, Tenant, TenantEvent};

fn legacy_with(subscription: SubscriptionId) -> LegacyAssociation {
    LegacyAssociation {
        partner: id("contoso"),
        mpn_id: id("100"),
        key: AssociationKey::Subscription(subscription),
        activities: vec![Activity::Usage, Activity::PreSales],
        contact: None,
    }
}

fn import(tenant: &Tenant, legacy: &LegacyAssociation) -> Result<Option<Tenant>, Vec<Reason>> {
    tenant.import_legacy(legacy, Some(&partner()), &catalog(), now()).map(|changed| changed.map(|(next, _)| next))
}

#[test]
fn r58_it_is_official_at_once_and_imported_once() {
    let tenant = import(&tenant(), &legacy_with(subscription_id(1))).unwrap().unwrap();
    assert_eq!(tenant.associations.len(), 2);
    assert!(
        tenant.associations.values().all(|found| found.state == AssociationState::Official { official_time: now() })
    );
    assert_eq!(import(&tenant, &legacy_with(subscription_id(1))), Ok(None));
    let second = LegacyAssociation { partner: id("litware"), ..legacy_with(subscription_id(1)) };
    assert_eq!(import(&tenant, &second), Err(vec![Reason::KeyHeld]));
    let rival = claim("litware", 2);
    let (after, _) =
        tenant.place_hold(&hold(&rival, 2, &[Activity::Usage]), Some(&partner()), &catalog(), now()).unwrap();
    assert_eq!(after.live_associations_of(&rival).count(), 0);
}

#[test]
fn r58_a_refused_import_names_the_reasons() {
    let mut tenant = tenant();
    let subscriptions = [
        (2, active("power-apps"), Reason::ProductFamilyNotImported),
        (3, active("teams"), Reason::AssociationMustBeClaimedAnew),
        (4, Subscription { status: SubscriptionStatus::Expired, ..active("power-bi") }, Reason::SubscriptionExpired),
        (5, Subscription { end_time: Some(now()), ..active("dynamics-365-sales") }, Reason::SubscriptionExpired),
    ];
    for (n, subscription, reason) in subscriptions {
        tenant.directory.subscriptions.insert(subscription_id(n), subscription);
        assert_eq!(import(&tenant, &legacy_with(subscription_id(n))), Err(vec![reason]), "{n}");
    }
    assert_eq!(import(&tenant, &legacy_with(subscription_id(9))), Err(vec![Reason::SubscriptionNotOnTenant]));
    let workload = LegacyAssociation {
        key: AssociationKey::Workload(id("teams")),
        mpn_id: id("7"),
        ..legacy_with(subscription_id(1))
    };
    assert_eq!(
        import(&tenant, &workload),
        Err(vec![Reason::AssociationMustBeClaimedAnew, Reason::LocationNotOfPartner])
    );
    tenant.directory.subscriptions.insert(subscription_id(6), active("dynamics-365-sales"));
    assert!(import(&tenant, &legacy_with(subscription_id(6))).unwrap().is_some());
}

#[test]
fn r58_the_customer_can_decline() {
    let tenant = import(&tenant(), &legacy_with(subscription_id(1))).unwrap().unwrap();
    let id = *tenant.associations.keys().next().unwrap();
    let (after, events) = tenant.decline_legacy(id, now()).unwrap();
    assert_eq!((events, after.associations.values().filter(|found| found.is_live()).count()), (vec![], 1));
    let AssociationState::Ended { reason, .. } = after.associations[&id].state else {
        panic!("the association is still live")
    };
    assert_eq!(reason, EndReason::Declined);
    assert_eq!(after.decline_legacy(id, now()), Err(DeclineRefusal::NotLive));
    assert_eq!(
        import(&after, &legacy_with(subscription_id(1))),
        Ok(None),
        "a declined association is not imported again"
    );
    let contoso = claim("contoso", 1);
    let (held, _) =
        tenant.place_hold(&hold(&contoso, 1, &[Activity::Usage]), Some(&partner()), &catalog(), now()).unwrap();
    let (claimed_id, _) = held.live_associations_of(&contoso).next().unwrap();
    assert_eq!(held.decline_legacy(claimed_id, now()), Err(DeclineRefusal::BelongsToClaim));
}

/// A case can be opened with the id of an earlier holder of the key, and be told only when the last
/// one has ended.
#[test]
fn r58_all_earlier_holders_are_gone_with_the_last() {
    let (first, second) = (
        LegacyAssociation { activities: vec![Activity::Usage], ..legacy_with(subscription_id(1)) },
        LegacyAssociation {
            partner: id("litware"),
            activities: vec![Activity::Usage],
            ..legacy_with(subscription_id(1))
        },
    );
    let decline = |tenant: &Tenant| {
        let (id, _) = tenant.associations.iter().find(|(_, found)| found.is_live()).unwrap();
        tenant.decline_legacy(*id, now()).unwrap()
    };
    let gone = |legacy: &LegacyAssociation| TenantEvent::LegacyHolderGone {
        key: legacy.key.clone(),
        holder: holder_id(tenant().id, &legacy.partner, &legacy.key),
    };
    let (after_first, events) = decline(&import(&tenant(), &first).unwrap().unwrap());
    assert_eq!(events, [gone(&first)]);
    let held = import(&after_first, &second).unwrap().unwrap();
    let (after_second, events) = decline(&held);
    assert_eq!(events.len(), 2);
    assert!(events.contains(&gone(&first)) && events.contains(&gone(&second)), "{events:?}");

    // An event that does not name the holder is about the holder of the key.
    let subject = || NoticeSubject::Contested(CaseId(Uuid::from_u128(1)));
    let notify = |tenant: &Tenant| tenant.notify_legacy_holder(&first.key, None, subject()).1;
    assert!(matches!(notify(&held)[..], [TenantEvent::LegacyHolderNotified(_)]));
    assert_eq!(notify(&after_second), events);
    assert_eq!(notify(&tenant()), []);

    // A reviewer's comment for the first holder does not reach the second.
    let ask = |legacy: &LegacyAssociation| {
        let holder = holder_id(tenant().id, &legacy.partner, &legacy.key);
        let subject = NoticeSubject::StatementRequested(CaseId(Uuid::from_u128(1)), "Why?".to_owned());
        held.notify_legacy_holder(&first.key, Some(holder), subject).1
    };
    assert_eq!(ask(&first), [gone(&first)]);
    assert!(matches!(ask(&second)[..], [TenantEvent::LegacyHolderNotified(_)]));
}

#[test]
fn r56_the_first_erasure_is_recorded() {
    let contact = Some(("Ada".to_owned(), "ada@contoso.example".to_owned()));
    let legacy = LegacyAssociation { contact, ..legacy_with(subscription_id(1)) };
    let mut tenant = import(&tenant(), &legacy).unwrap().unwrap();
    let id = *tenant.associations.keys().next().unwrap();
    let erasure = |reason: &str| HolderErasure {
        time: now(),
        actor: Actor::new(ActorSide::Vendor, "olga@vendor.example"),
        reason: reason.to_owned(),
    };
    assert_eq!(tenant.erase_legacy_holder(id, &erasure("first")), Err(EraseRefusal::NotEnded));
    tenant.end_associations(EndReason::Declined, now(), |_| true);
    let (erased, events) = tenant.erase_legacy_holder(id, &erasure("first")).unwrap().unwrap();
    let holder = holder_id(tenant.id, &legacy.partner, &legacy.key);
    assert_eq!(events, [TenantEvent::LegacyHolderErased { holder }]);
    for association in erased.associations.values() {
        assert_eq!((association.holder_contact(), association.holder_erasure()), (None, Some(&erasure("first"))));
    }
    assert_eq!(erased.erase_legacy_holder(id, &erasure("second")), Ok(None));
}
