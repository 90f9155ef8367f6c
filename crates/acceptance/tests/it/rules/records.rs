//! R49: who is on record, now and at any time.

use chrono::TimeDelta;
use cpor_acceptance::{
    CONTOSO, ClaimStage, FABRIKAM, NORTHWIND, TestClaim, TestSystem, assert_refused, both_databases, timestamp,
    to_timestamp,
};
use cpor_proto::{
    claims::v1::WithdrawReason,
    registry::v1::{CheckUsageAccessRequest, ListAssociationsRequest, LookUpAssociationsRequest},
    r#type::v1::{Activity, AssociationEndReason, AssociationState},
};
use tonic::Code;

both_databases![
    r49_an_association_shows_what_it_is,
    r49_who_was_on_record_at_a_time,
    r49_may_this_partner_see_usage,
    r49_partners_and_customers_see_their_own,
];

async fn r49_an_association_shows_what_it_is(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let claim = case.claim().await;
    let shown = system.associations_of_key(&case.key(0).await, None).await.remove(0);
    assert_eq!(
        (shown.partner.as_str(), shown.mpn_id.as_str(), shown.claim.as_str()),
        (CONTOSO, "1001", case.name.as_str())
    );
    assert_eq!(shown.key, format!("tenants/{FABRIKAM}/{}", claim.lines[0].key));
    assert_eq!((shown.product.as_str(), shown.activity()), ("products/dynamics-365-sales", Activity::PreSales));
    assert_eq!((shown.state(), shown.end_reason()), (AssociationState::Official, AssociationEndReason::Unspecified));
    assert_eq!((shown.hold_time, shown.official_time), (Some(timestamp("2026-03-16T09:00:00Z")), claim.official_time));
}

async fn r49_who_was_on_record_at_a_time(system: &TestSystem) {
    let claim = system.presales().await;
    let first = TestClaim::at_stage(system, claim.clone(), ClaimStage::Official).await;
    let key = first.key(0).await;
    system.advance_by(TimeDelta::days(1)).await;
    first.withdraw(WithdrawReason::NoLongerWorksWithCustomer, "").await.unwrap();
    system.wait_until_idle().await;
    let second = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::Official).await;
    let official = cpor_acceptance::from_timestamp(first.associations().await[0].official_time);
    let ended = cpor_acceptance::from_timestamp(first.associations().await[0].end_time);
    let next = cpor_acceptance::from_timestamp(second.associations().await[0].official_time);
    let moment = TimeDelta::microseconds(1);
    let timeline = [
        (official - moment, None),
        (official, Some(CONTOSO)),
        (ended - moment, Some(CONTOSO)),
        (ended, None),
        (next - moment, None),
        (next, Some(NORTHWIND)),
    ];
    for (time, partner) in timeline {
        let found = system.associations_of_key(&key, Some(to_timestamp(time))).await;
        assert_eq!(found.first().map(|found| found.partner.as_str()), partner, "at {time}");
    }
    assert_eq!(system.associations_of_key(&key, None).await[0].partner, NORTHWIND);
    assert!(system.associations_of_key(&format!("tenants/{FABRIKAM}/workloads/teams"), None).await.is_empty());
}

async fn may_see(system: &TestSystem, actor: &cpor_acceptance::Actor, partner: &str, key: &str) -> bool {
    let request = CheckUsageAccessRequest { partner: partner.into(), key: key.into() };
    system.wait_until_idle().await;
    let answer = actor.registry().check_usage_access(request).await.unwrap().into_inner();
    assert_eq!(answer.allowed, answer.official_time.is_some());
    answer.allowed
}

async fn r49_may_this_partner_see_usage(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let key = case.key(0).await;
    assert!(!may_see(system, &system.contoso, CONTOSO, &key).await, "not while pending");
    case.approve_consent().await.unwrap();
    assert!(may_see(system, &system.contoso, CONTOSO, &key).await);
    assert!(!may_see(system, &system.northwind, NORTHWIND, &key).await);
    let foreign = CheckUsageAccessRequest { partner: CONTOSO.into(), key: key.clone() };
    assert_refused(system.northwind.registry().check_usage_access(foreign).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    case.decline_consent("No.").await.unwrap();
    assert!(!may_see(system, &system.contoso, CONTOSO, &key).await);
}

async fn r49_partners_and_customers_see_their_own(system: &TestSystem) {
    let ours = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let theirs = TestClaim::at_stage(system, system.workloads(), ClaimStage::Approved).await;
    let list = |parent: &str| ListAssociationsRequest { parent: parent.into(), ..ListAssociationsRequest::default() };
    let claims = async |actor: &cpor_acceptance::Actor, parent: &str| {
        let found = actor.registry().list_associations(list(parent)).await.unwrap().into_inner().associations;
        found.into_iter().map(|association| association.claim).collect::<Vec<_>>()
    };
    assert_eq!(claims(&system.contoso, "tenants/-").await, std::slice::from_ref(&ours.name));
    assert_eq!(claims(&system.northwind, "tenants/-").await, [theirs.name.clone(), theirs.name.clone()]);
    assert_eq!(claims(&system.lead, "tenants/-").await.len(), 3);
    assert_eq!(claims(&system.fabrikam, &format!("tenants/{FABRIKAM}")).await, std::slice::from_ref(&ours.name));
    assert!(claims(&system.northwind, &format!("tenants/{FABRIKAM}")).await.is_empty());
    assert_refused(
        system.fabrikam.registry().list_associations(list("tenants/-")).await,
        Code::NotFound,
        "RESOURCE_NOT_FOUND",
    );
    let request = LookUpAssociationsRequest { key: theirs.key(0).await, as_of_time: None };
    assert_refused(
        system.fabrikam.registry().look_up_associations(request).await,
        Code::NotFound,
        "RESOURCE_NOT_FOUND",
    );
}
