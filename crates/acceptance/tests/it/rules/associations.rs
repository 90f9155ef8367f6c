//! R49: who is on record for a key, now and at any time, and who may read its usage.

use chrono::TimeDelta;
use cpor_acceptance::{
    CONTOSO, ClaimStage, FABRIKAM, NORTHWIND, TestClaim, TestSystem, assert_refused, both_databases, timestamp,
    to_timestamp,
};
use cpor_proto::{
    claims::v1::WithdrawReason,
    registry::v1::{CheckUsageAccessRequest, ListAssociationsRequest, LookupAssociationsRequest},
    r#type::v1::{Activity, AssociationEndReason, AssociationState},
};
use tonic::Code;

both_databases![
    r49_an_association_shows_all_its_facts,
    r49_looks_up_who_was_on_record_at_a_time,
    r49_usage_access_follows_the_association,
    r49_partners_and_customers_list_their_own,
];

async fn r49_an_association_shows_all_its_facts(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let claim = case.claim().await;
    let association = system.associations_of_key(&case.key(0).await, None).await.remove(0);
    assert_eq!(
        (association.partner.as_str(), association.mpn_id.as_str(), association.claim.as_str()),
        (CONTOSO, "1001", case.name.as_str())
    );
    assert_eq!(association.key, claim.lines[0].key);
    assert_eq!(
        (association.product.as_str(), association.activity()),
        ("products/dynamics-365-sales", Activity::PreSales)
    );
    assert_eq!(
        (association.state(), association.end_reason()),
        (AssociationState::Official, AssociationEndReason::Unspecified)
    );
    assert_eq!(
        (association.hold_time, association.official_time),
        (Some(timestamp("2026-03-16T09:00:00Z")), claim.official_time)
    );
}

async fn r49_looks_up_who_was_on_record_at_a_time(system: &TestSystem) {
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
    let instant = TimeDelta::microseconds(1);
    let timeline = [
        (official - instant, None),
        (official, Some(CONTOSO)),
        (ended - instant, Some(CONTOSO)),
        (ended, None),
        (next - instant, None),
        (next, Some(NORTHWIND)),
    ];
    for (time, partner) in timeline {
        let on_record = system.associations_of_key(&key, Some(to_timestamp(time))).await;
        assert_eq!(on_record.first().map(|association| association.partner.as_str()), partner, "at {time}");
    }
    assert_eq!(system.associations_of_key(&key, None).await[0].partner, NORTHWIND);
    assert!(system.associations_of_key(&format!("tenants/{FABRIKAM}/workloads/teams"), None).await.is_empty());
}

/// Whether a partner may read the usage of a key.
async fn may_read_usage(system: &TestSystem, actor: &cpor_acceptance::Actor, partner: &str, key: &str) -> bool {
    let request = CheckUsageAccessRequest { partner: partner.into(), key: key.into() };
    system.wait_until_idle().await;
    let response = actor.registry().check_usage_access(request).await.unwrap().into_inner();
    assert_eq!(response.allowed, response.official_time.is_some());
    response.allowed
}

async fn r49_usage_access_follows_the_association(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let key = case.key(0).await;
    assert!(!may_read_usage(system, &system.contoso, CONTOSO, &key).await, "not while pending");
    case.approve_consent().await.unwrap();
    assert!(may_read_usage(system, &system.contoso, CONTOSO, &key).await);
    assert!(!may_read_usage(system, &system.northwind, NORTHWIND, &key).await);
    let of_contoso = CheckUsageAccessRequest { partner: CONTOSO.into(), key: key.clone() };
    assert_refused(
        system.northwind.registry().check_usage_access(of_contoso).await,
        Code::NotFound,
        "RESOURCE_NOT_FOUND",
    );
    case.decline_consent("No.").await.unwrap();
    assert!(!may_read_usage(system, &system.contoso, CONTOSO, &key).await);
}

async fn r49_partners_and_customers_list_their_own(system: &TestSystem) {
    let of_contoso = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let of_northwind = TestClaim::at_stage(system, system.workloads(), ClaimStage::Approved).await;
    let list = |parent: &str| ListAssociationsRequest { parent: parent.into(), ..ListAssociationsRequest::default() };
    let claims = async |actor: &cpor_acceptance::Actor, parent: &str| {
        let associations = actor.registry().list_associations(list(parent)).await.unwrap().into_inner().associations;
        associations.into_iter().map(|association| association.claim).collect::<Vec<_>>()
    };
    assert_eq!(claims(&system.contoso, "tenants/-").await, std::slice::from_ref(&of_contoso.name));
    assert_eq!(claims(&system.northwind, "tenants/-").await, [of_northwind.name.clone(), of_northwind.name.clone()]);
    assert_eq!(claims(&system.lead, "tenants/-").await.len(), 3);
    assert_eq!(claims(&system.fabrikam, &format!("tenants/{FABRIKAM}")).await, std::slice::from_ref(&of_contoso.name));
    assert!(claims(&system.northwind, &format!("tenants/{FABRIKAM}")).await.is_empty());
    assert_refused(
        system.fabrikam.registry().list_associations(list("tenants/-")).await,
        Code::NotFound,
        "RESOURCE_NOT_FOUND",
    );
    let request = LookupAssociationsRequest { key: of_northwind.key(0).await, as_of_time: None };
    assert_refused(system.fabrikam.registry().lookup_associations(request).await, Code::NotFound, "RESOURCE_NOT_FOUND");
}
