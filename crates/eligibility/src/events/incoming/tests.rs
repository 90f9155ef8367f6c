//! Tests handling the registry's events, on both databases.
use cpor_durable::Versioned;
use cpor_proto::{WireEnum as _, events::v1 as wire};
use cpor_testing::on_both_databases;
use cpor_types::{Activity, AssociationEndReason, PurchaseChannel, SubscriptionStatus, Timestamp};

use super::*;
use crate::{
    domain::{AssociationFacts, Enrollment, LineFacts, Verdict, examples},
    test_system::{TestSystem, facts_of_claim, registry_event},
};

on_both_databases![
    r52_an_official_association_opens_an_assessment_once,
    r52_a_changed_subscription_changes_the_verdict,
    r44_an_ended_association_is_not_assessed,
    r52_a_changed_partner_changes_its_assessments,
    r52_a_partner_change_before_the_association_counts,
    an_invalid_event_parks_its_stream,
];

fn to_timestamp(time: Timestamp) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: time.timestamp(), nanos: 0 })
}

fn enrollment_facts(enrollments: &[Enrollment]) -> Vec<wire::EnrollmentFacts> {
    let to_facts = |enrollment: &Enrollment| wire::EnrollmentFacts {
        program: enrollment.program.to_number(),
        start_time: to_timestamp(enrollment.start_time),
        end_time: enrollment.end_time.and_then(to_timestamp),
    };
    enrollments.iter().map(to_facts).collect()
}

fn subscription_facts(status: SubscriptionStatus) -> wire::SubscriptionFacts {
    let example = examples::subscription();
    wire::SubscriptionFacts {
        subscription_id: example.id.to_string(),
        status: status.to_number(),
        channel: example.channel.parse::<PurchaseChannel>().unwrap().to_number(),
        purchase_time: to_timestamp(example.purchase_time),
        end_time: None,
    }
}

fn association_official(facts: &AssociationFacts) -> Payload {
    Payload::AssociationBecameOfficial(official_event(facts))
}

fn official_event(facts: &AssociationFacts) -> wire::AssociationBecameOfficial {
    let line = |line: &LineFacts| wire::LineFacts {
        line_id: line.line.to_string(),
        key: line.key.to_string(),
        product: format!("products/{}", line.product),
        incentivized: line.is_incentivized,
        subscription: line
            .subscription
            .as_ref()
            .map(|subscription| subscription_facts(subscription.status.parse().unwrap())),
        ..wire::LineFacts::default()
    };
    wire::AssociationBecameOfficial {
        claim: facts.claim.name().to_string(),
        tenant: format!("tenants/{}", facts.tenant),
        lines: facts.lines.iter().map(line).collect(),
        partner: Some(wire::PartnerFacts {
            partner: format!("partners/{}", facts.claim.partner),
            mpn_id: facts.partner.mpn_id.clone(),
            location_region: facts.partner.location_region.clone(),
            enrollments: enrollment_facts(&facts.partner.enrollments),
        }),
        tenant_region: facts.tenant_region.clone(),
        submit_time: to_timestamp(facts.submit_time),
        official_time: to_timestamp(facts.official_time),
        activities: Activity::to_numbers(&facts.activities),
        solution_area: facts.solution_area.to_number(),
    }
}

fn partner_changed(region: &str) -> Payload {
    let facts = examples::presales();
    Payload::PartnerChanged(wire::PartnerChanged {
        partner: "partners/contoso".to_owned(),
        location_regions: [(facts.partner.mpn_id, region.to_owned())].into(),
        enrollments: enrollment_facts(&facts.partner.enrollments),
    })
}

fn subscription_changed(status: SubscriptionStatus) -> Payload {
    let facts = examples::presales();
    Payload::SubscriptionChanged(wire::SubscriptionChanged {
        tenant: format!("tenants/{}", facts.tenant),
        claim: facts.claim.name().to_string(),
        subscription: Some(subscription_facts(status)),
    })
}

fn association_ended() -> Payload {
    let facts = examples::presales();
    Payload::AssociationEnded(wire::AssociationEnded {
        claim: facts.claim.name().to_string(),
        tenant: format!("tenants/{}", facts.tenant),
        reason: AssociationEndReason::Declined.to_number(),
        line_ids: Vec::new(),
        none_left: true,
    })
}

/// Applies an event as event `sequence` of the tenant's stream.
async fn apply_to_tenant(system: &TestSystem, sequence: u64, payload: Payload) -> Result<(), ReceiveError> {
    system
        .app
        .event_handler
        .apply(registry_event("tenant", &examples::presales().tenant.to_string(), sequence, payload))
        .await
}

/// Applies an event as event `sequence` of the partner's stream.
async fn apply_to_partner(system: &TestSystem, sequence: u64, payload: Payload) -> Result<(), ReceiveError> {
    system.app.event_handler.apply(registry_event("partner", "contoso", sequence, payload)).await
}

/// Drains the assessor and returns the assessment of the claim with the id `number`.
async fn load(system: &TestSystem, number: u128) -> Versioned<Assessment> {
    system.app.assessor.drain().await.unwrap();
    let key = store::assessment_key(examples::presales().tenant, uuid::Uuid::from_u128(number).into());
    assessments::get(system.db.reader(), &Scope::All, &key).await.unwrap().unwrap()
}

async fn location_region(system: &TestSystem, number: u128) -> String {
    load(system, number).await.state.facts().partner.location_region.clone()
}

async fn latest_verdict(system: &TestSystem) -> Verdict {
    load(system, 1).await.state.latest.unwrap().results[0].verdict
}

async fn r52_an_official_association_opens_an_assessment_once(system: TestSystem) {
    let facts = examples::presales();
    apply_to_tenant(&system, 1, association_official(&facts)).await.unwrap();
    let first = load(&system, 1).await;
    assert_eq!((first.state.facts(), first.version), (&facts, 2));
    apply_to_tenant(&system, 1, association_official(&facts)).await.unwrap();
    assert_eq!(load(&system, 1).await, first, "delivered twice");
    let gap = apply_to_tenant(&system, 3, association_ended()).await;
    assert_eq!(gap, Err(ReceiveError::SequenceGap { expected: 2 }));
}

async fn r52_a_changed_subscription_changes_the_verdict(system: TestSystem) {
    apply_to_tenant(&system, 1, subscription_changed(SubscriptionStatus::Suspended)).await.unwrap();
    apply_to_tenant(&system, 2, association_official(&examples::presales())).await.unwrap();
    assert_eq!(latest_verdict(&system).await, Verdict::Eligible);
    apply_to_tenant(&system, 3, subscription_changed(SubscriptionStatus::Expired)).await.unwrap();
    assert_eq!(latest_verdict(&system).await, Verdict::NotEligible);
    apply_to_tenant(&system, 4, subscription_changed(SubscriptionStatus::InGrace)).await.unwrap();
    assert_eq!(latest_verdict(&system).await, Verdict::Eligible);
}

async fn r44_an_ended_association_is_not_assessed(system: TestSystem) {
    apply_to_tenant(&system, 1, association_official(&examples::presales())).await.unwrap();
    apply_to_tenant(&system, 2, association_ended()).await.unwrap();
    let ended = load(&system, 1).await;
    assert_eq!(ended.state.association_end().map(|end| end.reason.as_str()), Some("declined"));
    apply_to_tenant(&system, 3, subscription_changed(SubscriptionStatus::Expired)).await.unwrap();
    system.advance_to("2026-06-01T00:00:00Z").await;
    assert_eq!(load(&system, 1).await, ended);
}

async fn r52_a_changed_partner_changes_its_assessments(system: TestSystem) {
    apply_to_tenant(&system, 1, association_official(&facts_of_claim(1, "contoso", examples::presales())))
        .await
        .unwrap();
    apply_to_tenant(&system, 2, association_official(&facts_of_claim(2, "fabrikam", examples::presales())))
        .await
        .unwrap();
    apply_to_tenant(&system, 3, association_official(&facts_of_claim(3, "contoso", examples::usage_of_teams())))
        .await
        .unwrap();
    apply_to_partner(&system, 1, partner_changed("americas")).await.unwrap();
    assert_eq!(
        [location_region(&system, 1).await, location_region(&system, 2).await, location_region(&system, 3).await],
        ["americas", "emea", "americas"]
    );
    assert_eq!(latest_verdict(&system).await, Verdict::NotEligible);

    apply_to_partner(&system, 2, partner_changed("emea")).await.unwrap();
    apply_to_partner(&system, 1, partner_changed("americas")).await.unwrap();
    assert_eq!(location_region(&system, 1).await, "emea", "a redelivered event does not overwrite a later one");
    assert_eq!(
        apply_to_partner(&system, 4, partner_changed("apac")).await,
        Err(ReceiveError::SequenceGap { expected: 3 })
    );
}

async fn r52_a_partner_change_before_the_association_counts(system: TestSystem) {
    apply_to_partner(&system, 1, partner_changed("americas")).await.unwrap();
    apply_to_tenant(&system, 1, association_official(&examples::presales())).await.unwrap();
    assert_eq!(
        (location_region(&system, 1).await.as_str(), latest_verdict(&system).await),
        ("americas", Verdict::NotEligible)
    );
    assert_eq!(system.sent_events().await.len(), 1, "no result is sent for outdated facts");
}

async fn an_invalid_event_parks_its_stream(system: TestSystem) {
    let not_accepted = Payload::ClaimClosed(wire::ClaimClosed::default());
    let without_claim = Payload::AssociationEnded(wire::AssociationEnded::default());
    let without_time = Payload::AssociationBecameOfficial(wire::AssociationBecameOfficial {
        official_time: None,
        ..official_event(&examples::presales())
    });
    for payload in [not_accepted, without_claim, without_time] {
        let result = apply_to_tenant(&system, 1, payload).await;
        assert!(matches!(result, Err(ReceiveError::Park(_))), "{result:?}");
    }
}
