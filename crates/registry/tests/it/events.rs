//! Events: how incoming events change associations, who is on record at which time, and which
//! events are sent.
use crate::fixture::TestSystem;
use cpor_durable::ReceiveError;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{AssociationEnded, AssociationGranted, ClaimClosed, LegacyHolderContested};
use cpor_proto::{
    registry::v1::{Association, ListAssociationsRequest, LookupAssociationsRequest},
    r#type::v1::{AssociationEndReason, AssociationState, SubscriptionStatus},
};
use cpor_registry_client::{HoldOutcome, RegistryReason};
use cpor_testing::on_both_databases;
use cpor_types::{Actor, ActorSide, ClaimName, Role, Service, TenantKey, Timestamp};

use crate::fixture::Client;
use crate::rows::{TENANT, at, claim, directory_rows, hold, partner, subscription, subscription_id, to_wire};

on_both_databases![
    a_hold_becomes_official_opens_usage_and_ends,
    outgoing_events_carry_all_facts,
    a_closed_claim_refuses_a_late_hold,
    invalid_events_are_parked,
    partners_and_customers_see_their_own_associations,
];

pub(crate) fn granted(claim: &ClaimName) -> Payload {
    Payload::AssociationGranted(AssociationGranted { claim: claim.to_string(), tenant: format!("tenants/{TENANT}") })
}

pub(crate) fn closed(claim: &ClaimName, primary_reason: cpor_proto::r#type::v1::PrimaryRejectionReason) -> Payload {
    Payload::ClaimClosed(ClaimClosed {
        claim: claim.to_string(),
        tenant: format!("tenants/{TENANT}"),
        primary_reason: primary_reason.into(),
        review_case_id: String::new(),
        dispute_due_time: None,
    })
}

fn key(n: u128) -> String {
    format!("tenants/{TENANT}/subscriptions/{}", subscription_id(n))
}

async fn on_record(client: &mut Client, at: Option<Timestamp>) -> Vec<String> {
    let request = LookupAssociationsRequest { key: key(1), as_of_time: at.map(to_wire) };
    let answer = client.lookup_associations(request).await.unwrap().into_inner();
    assert!(answer.as_of_time.is_some());
    answer.associations.into_iter().map(|found| found.partner).collect()
}

async fn list(client: &mut Client, request: ListAssociationsRequest) -> (Vec<Association>, String) {
    let answer = client.list_associations(request).await.unwrap().into_inner();
    (answer.associations, answer.next_page_token)
}

async fn a_hold_becomes_official_opens_usage_and_ends(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    let (registry, actor) = (system.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
    let mut lead = system.user(Role::ReviewLead, None, None);
    let (contoso, one) = (claim("contoso", 1), "contoso".parse().unwrap());
    let (usage, user) = (system.registry(Service::Eligibility, 0), Actor::new(ActorSide::Partner, "erik"));
    let subscription_key: TenantKey = key(1).parse().unwrap();
    assert_eq!(registry.place_hold(&actor, hold(&contoso, 1, &[1])).await.unwrap(), HoldOutcome::Held);
    assert_eq!(on_record(&mut lead, None).await, Vec::<String>::new(), "pending is not on record");
    assert_eq!(usage.check_usage_access(&user, &one, &subscription_key).await.unwrap(), None);

    // A grant before the hold would take effect at the time of the hold, so this test uses a
    // later time.
    let due = Timestamp::from_timestamp(4_000_000_000, 0).unwrap();
    system.deliver(contoso.claim.0, 1, granted(&contoso), due).await.unwrap();
    system.deliver(contoso.claim.0, 1, granted(&contoso), due).await.unwrap();
    assert_eq!(on_record(&mut lead, None).await, ["partners/contoso"]);
    assert_eq!(on_record(&mut lead, Some(due)).await, ["partners/contoso"]);
    assert_eq!(on_record(&mut lead, Some(due - chrono::TimeDelta::microseconds(1))).await, Vec::<String>::new());
    assert_eq!(usage.check_usage_access(&user, &one, &subscription_key).await.unwrap(), Some(due));
    let stranger = "litware".parse().unwrap();
    assert_eq!(usage.check_usage_access(&user, &stranger, &subscription_key).await.unwrap(), None);

    let end = due + chrono::TimeDelta::days(30);
    system
        .deliver(
            contoso.claim.0,
            2,
            closed(&contoso, cpor_proto::r#type::v1::PrimaryRejectionReason::CustomerDeclined),
            end,
        )
        .await
        .unwrap();
    assert_eq!(on_record(&mut lead, None).await, Vec::<String>::new());
    assert_eq!(on_record(&mut lead, Some(due)).await, ["partners/contoso"], "history stays");
    assert_eq!(on_record(&mut lead, Some(end)).await, Vec::<String>::new(), "the end is exclusive");
    assert_eq!(usage.check_usage_access(&user, &one, &subscription_key).await.unwrap(), None);
    let (found, _) =
        list(&mut lead, ListAssociationsRequest { parent: format!("tenants/{TENANT}"), ..Default::default() }).await;
    assert_eq!((found[0].state(), found[0].end_reason()), (AssociationState::Ended, AssociationEndReason::Declined));

    let litware = hold(&claim("litware", 2), 2, &[1]);
    assert_eq!(registry.place_hold(&actor, litware).await.unwrap(), HoldOutcome::Held, "the key is free");
}

async fn outgoing_events_carry_all_facts(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    let (registry, actor) = (system.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
    let contoso = claim("contoso", 1);
    let placed = hold(&contoso, 1, &[1]);
    registry.place_hold(&actor, placed.clone()).await.unwrap();
    assert_eq!(system.outgoing_events(Service::ClaimIntake).await, []);
    let due = Timestamp::from_timestamp(4_000_000_000, 0).unwrap();
    system.deliver(contoso.claim.0, 1, granted(&contoso), due).await.unwrap();
    system.import(vec![subscription(1, SubscriptionStatus::InGrace), partner("contoso", "101")]).await;
    system
        .deliver(
            contoso.claim.0,
            2,
            closed(&contoso, cpor_proto::r#type::v1::PrimaryRejectionReason::PartnerRequest),
            due,
        )
        .await
        .unwrap();

    let sent = system.outgoing_events(Service::ClaimIntake).await;
    let [Payload::AssociationBecameOfficial(official)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((official.claim.as_str(), official.official_time), (contoso.to_string().as_str(), Some(to_wire(due))));
    assert_eq!(
        (official.activities().collect::<Vec<_>>(), official.solution_area()),
        (vec![cpor_proto::r#type::v1::Activity::Usage], cpor_proto::r#type::v1::SolutionArea::BusinessApplications)
    );
    assert_eq!((official.tenant_region.as_str(), official.submit_time), ("emea", Some(to_wire(placed.submit_time))));
    let facts = official.partner.as_ref().unwrap();
    assert_eq!((facts.mpn_id.as_str(), facts.location_region.as_str()), ("100", "emea"));
    let line = &official.lines[0];
    assert_eq!((line.line_id.clone(), line.incentivized), (placed.lines[0].line_id.to_string(), true));
    assert_eq!(line.subscription.as_ref().unwrap().status(), SubscriptionStatus::Active);

    let sent = system.outgoing_events(Service::Eligibility).await;
    let partners = sent.iter().filter(|sent| matches!(sent, Payload::PartnerChanged(_))).count();
    assert_eq!(partners, 3, "two that are new, one that changed: {sent:?}");
    let others: Vec<_> = sent.iter().filter(|sent| !matches!(sent, Payload::PartnerChanged(_))).collect();
    let [
        Payload::CatalogChanged(first),
        Payload::AssociationBecameOfficial(same),
        Payload::SubscriptionChanged(changed),
        Payload::AssociationEnded(ended),
    ] = others.as_slice()
    else {
        panic!("{sent:?}")
    };
    assert!(first.products.iter().any(|product| product.product == official.lines[0].product && product.incentivized));
    assert_eq!(same, official);
    assert_eq!(
        (changed.claim.as_str(), changed.subscription.as_ref().unwrap().status()),
        (official.claim.as_str(), SubscriptionStatus::InGrace)
    );
    let expected = AssociationEnded {
        claim: official.claim.clone(),
        tenant: official.tenant.clone(),
        reason: AssociationEndReason::Withdrawn.into(),
        line_ids: vec![placed.lines[0].line_id.to_string()],
        none_left: true,
    };
    assert_eq!(*ended, expected);
}

async fn a_closed_claim_refuses_a_late_hold(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    let (registry, actor) = (system.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
    let contoso = claim("contoso", 1);
    system
        .deliver(
            contoso.claim.0,
            1,
            closed(&contoso, cpor_proto::r#type::v1::PrimaryRejectionReason::PartnerRequest),
            at("2026-03-01T00:00:00Z"),
        )
        .await
        .unwrap();
    let HoldOutcome::Refused(refusals) = registry.place_hold(&actor, hold(&contoso, 1, &[1])).await.unwrap() else {
        panic!("held")
    };
    assert_eq!((refusals[0].line_id, refusals[0].reason), (None, RegistryReason::ClaimClosed));
    system.deliver(contoso.claim.0, 2, granted(&contoso), at("2026-03-02T00:00:00Z")).await.unwrap();
    assert_eq!(system.outgoing_events(Service::ClaimIntake).await, [], "there is nothing to grant");
}

async fn invalid_events_are_parked(system: TestSystem) {
    let contoso = claim("contoso", 1);
    let now = at("2026-03-01T00:00:00Z");
    let unknown_tenant = system.deliver(contoso.claim.0, 1, granted(&contoso), now).await;
    assert!(matches!(unknown_tenant, Err(ReceiveError::Park(_))), "{unknown_tenant:?}");
    system.import_new(directory_rows(0)).await;
    let odd_reason = system
        .deliver(contoso.claim.0, 1, closed(&contoso, cpor_proto::r#type::v1::PrimaryRejectionReason::Unspecified), now)
        .await;
    assert!(matches!(odd_reason, Err(ReceiveError::Park(_))), "{odd_reason:?}");
    let early = system.deliver(contoso.claim.0, 2, granted(&contoso), now).await;
    assert_eq!(early, Err(ReceiveError::SequenceGap { expected: 1 }));
    assert_eq!(system.deliver(contoso.claim.0, 1, granted(&contoso), now).await, Ok(()));
    let without_holder = Payload::LegacyHolderContested(LegacyHolderContested {
        tenant: format!("tenants/{TENANT}"),
        key: format!("subscriptions/{}", subscription_id(1)),
        review_case_id: contoso.claim.to_string(),
        ..Default::default()
    });
    let from_before = system.deliver(contoso.claim.0, 2, without_holder, now).await;
    assert_eq!(from_before, Ok(()), "an event from before `legacy_holder_id`");
}

async fn partners_and_customers_see_their_own_associations(system: TestSystem) {
    system.import_new(directory_rows(3)).await;
    let (registry, actor) = (system.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
    for (n, partner) in [(1, "contoso"), (2, "litware"), (3, "contoso")] {
        let placed = registry.place_hold(&actor, hold(&claim(partner, n), n, &[n])).await.unwrap();
        assert_eq!(placed, HoldOutcome::Held);
    }
    let all = ListAssociationsRequest { parent: "tenants/-".to_owned(), ..Default::default() };
    let first_page =
        ListAssociationsRequest { parent: format!("tenants/{TENANT}"), page_size: 1, ..Default::default() };
    let mut contoso = system.user(Role::IncentivesUser, Some("contoso"), None);
    let (found, _) = list(&mut contoso, all.clone()).await;
    assert_eq!(
        found.iter().map(|found| found.claim.clone()).collect::<Vec<_>>(),
        [3, 1].map(|n| claim("contoso", n).to_string())
    );
    let rivals = ListAssociationsRequest { filter: format!("claim = {}", claim("litware", 2)), ..all.clone() };
    assert_eq!(list(&mut contoso, rivals).await.0, []);
    let mut customer = system.user(Role::CustomerAdmin, None, Some(TENANT));
    let mut names = Vec::new();
    let mut page = first_page;
    for n in [3, 2, 1] {
        let (found, next) = list(&mut customer, page.clone()).await;
        names.extend(found.into_iter().map(|found| found.key));
        assert_eq!(next.is_empty(), n == 1);
        page.page_token = next;
    }
    assert_eq!(names, [key(3), key(2), key(1)], "newest first");
    let foreign = system.user(Role::CustomerAdmin, None, Some("0a1b2c3d-0000-4000-8000-000000000002"));
    let refused =
        foreign.clone().lookup_associations(LookupAssociationsRequest { key: key(1), as_of_time: None }).await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::NotFound);
    let official = ListAssociationsRequest { filter: "state = OFFICIAL".to_owned(), ..all };
    assert_eq!(list(&mut system.user(Role::Operator, None, None), official).await.0, []);
}
