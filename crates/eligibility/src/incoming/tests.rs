//! The registry's events, on both engines.
use cpor_durable::Versioned;
use cpor_proto::events::v1 as wire;
use cpor_types::Timestamp;

use super::*;
use crate::{
    domain::{Opening, Verdict, examples},
    world::{World, claim, incoming, on_both},
};

fn time(time: Timestamp) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: time.timestamp(), nanos: 0 })
}

fn enrolled(enrolments: &[crate::domain::Enrolment]) -> Vec<wire::EnrolmentFacts> {
    let facts = |enrolment: &crate::domain::Enrolment| wire::EnrolmentFacts {
        program: enrolment.program.to_string(),
        start_time: time(enrolment.start_time),
        end_time: enrolment.end_time.and_then(time),
    };
    enrolments.iter().map(facts).collect()
}

fn subscription(status: &str) -> wire::SubscriptionFacts {
    let known = examples::subscription();
    wire::SubscriptionFacts {
        subscription_id: known.id.to_string(),
        status: status.to_owned(),
        channel: known.channel,
        purchase_time: time(known.purchase_time),
        end_time: None,
    }
}

fn official(about: &Opening) -> Payload {
    Payload::AssociationBecameOfficial(facts(about))
}

fn facts(about: &Opening) -> wire::AssociationBecameOfficial {
    let line = |line: &crate::domain::Line| wire::LineFacts {
        line_id: line.line.to_string(),
        key: line.key.to_string(),
        product: format!("products/{}", line.product),
        incentivised: line.incentivised,
        subscription: line.subscription.as_ref().map(|known| subscription(&known.status)),
    };
    wire::AssociationBecameOfficial {
        claim: about.claim.name().to_string(),
        tenant: format!("tenants/{}", about.tenant),
        lines: about.lines.iter().map(line).collect(),
        partner: Some(wire::PartnerFacts {
            partner: format!("partners/{}", about.claim.partner),
            mpn_id: about.partner.mpn_id.clone(),
            location_region: about.partner.location_region.clone(),
            enrolments: enrolled(&about.partner.enrolments),
        }),
        tenant_region: about.tenant_region.clone(),
        submit_time: time(about.submit_time),
        official_time: time(about.official_time),
        activities: about.activities.iter().map(ToString::to_string).collect(),
        solution_area: about.solution_area.to_string(),
    }
}

fn partner_in(region: &str) -> Payload {
    let about = examples::presales();
    Payload::PartnerChanged(wire::PartnerChanged {
        partner: "partners/contoso".to_owned(),
        location_regions: [(about.partner.mpn_id, region.to_owned())].into(),
        enrolments: enrolled(&about.partner.enrolments),
    })
}

fn subscription_is(status: &str) -> Payload {
    let about = examples::presales();
    Payload::SubscriptionChanged(wire::SubscriptionChanged {
        tenant: format!("tenants/{}", about.tenant),
        claim: about.claim.name().to_string(),
        subscription: Some(subscription(status)),
    })
}

fn ended() -> Payload {
    let about = examples::presales();
    Payload::AssociationEnded(wire::AssociationEnded {
        claim: about.claim.name().to_string(),
        tenant: format!("tenants/{}", about.tenant),
        reason: "declined".to_owned(),
        line_ids: Vec::new(),
        all: true,
    })
}

/// Event `sequence` of the tenant's stream.
async fn of_tenant(world: &World, sequence: u64, payload: Payload) -> Result<(), ReceiveError> {
    world.app.intake.apply(incoming("tenant", &examples::presales().tenant.to_string(), sequence, payload)).await
}

/// Event `sequence` of the partner's stream.
async fn of_partner(world: &World, sequence: u64, payload: Payload) -> Result<(), ReceiveError> {
    world.app.intake.apply(incoming("partner", "contoso", sequence, payload)).await
}

/// The assessment of a claim, after the assessor has done what there was to do.
async fn found(world: &World, number: u128) -> Versioned<Assessment> {
    world.app.assessor.drain().await.unwrap();
    let key = store::key(examples::presales().tenant, uuid::Uuid::from_u128(number).into());
    assessments::get(world.db.reader(), &Scope::All, &key).await.unwrap().unwrap()
}

async fn region(world: &World, number: u128) -> String {
    found(world, number).await.state.about().partner.clone().location_region
}

async fn verdict(world: &World) -> Verdict {
    found(world, 1).await.state.latest.unwrap().results[0].verdict
}

#[tokio::test]
async fn r52_an_official_association_opens_an_assessment_once() {
    on_both(async |world| {
        let about = examples::presales();
        of_tenant(&world, 1, official(&about)).await.unwrap();
        let first = found(&world, 1).await;
        assert_eq!((first.state.about(), first.version), (&about, 2));
        of_tenant(&world, 1, official(&about)).await.unwrap();
        assert_eq!(found(&world, 1).await, first, "delivered twice");
        let gap = of_tenant(&world, 3, ended()).await;
        assert_eq!(gap, Err(ReceiveError::Gap { expected: 2 }));
    })
    .await;
}

#[tokio::test]
async fn r52_a_subscription_that_changes_changes_the_answer() {
    on_both(async |world| {
        of_tenant(&world, 1, subscription_is("suspended")).await.unwrap();
        of_tenant(&world, 2, official(&examples::presales())).await.unwrap();
        assert_eq!(verdict(&world).await, Verdict::Eligible);
        of_tenant(&world, 3, subscription_is("expired")).await.unwrap();
        assert_eq!(verdict(&world).await, Verdict::NotEligible);
        of_tenant(&world, 4, subscription_is("in_grace")).await.unwrap();
        assert_eq!(verdict(&world).await, Verdict::Eligible);
    })
    .await;
}

#[tokio::test]
async fn r44_an_association_that_ended_is_assessed_no_more() {
    on_both(async |world| {
        of_tenant(&world, 1, official(&examples::presales())).await.unwrap();
        of_tenant(&world, 2, ended()).await.unwrap();
        let over = found(&world, 1).await;
        assert_eq!(over.state.ended().map(|ended| ended.reason.as_str()), Some("declined"));
        of_tenant(&world, 3, subscription_is("expired")).await.unwrap();
        world.advance("2026-06-01T00:00:00Z").await;
        assert_eq!(found(&world, 1).await, over);
    })
    .await;
}

#[tokio::test]
async fn r52_a_partner_that_changes_changes_its_own_assessments() {
    on_both(async |world| {
        of_tenant(&world, 1, official(&claim(1, "contoso", examples::presales()))).await.unwrap();
        of_tenant(&world, 2, official(&claim(2, "fabrikam", examples::presales()))).await.unwrap();
        of_tenant(&world, 3, official(&claim(3, "contoso", examples::usage_of_teams()))).await.unwrap();
        of_partner(&world, 1, partner_in("americas")).await.unwrap();
        assert_eq!(
            [region(&world, 1).await, region(&world, 2).await, region(&world, 3).await],
            ["americas", "emea", "americas"]
        );
        assert_eq!(verdict(&world).await, Verdict::NotEligible);

        of_partner(&world, 2, partner_in("emea")).await.unwrap();
        of_partner(&world, 1, partner_in("americas")).await.unwrap();
        assert_eq!(region(&world, 1).await, "emea", "the first event came late once more");
        assert_eq!(of_partner(&world, 4, partner_in("apac")).await, Err(ReceiveError::Gap { expected: 3 }));
    })
    .await;
}

#[tokio::test]
async fn r52_what_a_partner_became_before_its_association_counts() {
    on_both(async |world| {
        of_partner(&world, 1, partner_in("americas")).await.unwrap();
        of_tenant(&world, 1, official(&examples::presales())).await.unwrap();
        assert_eq!((region(&world, 1).await.as_str(), verdict(&world).await), ("americas", Verdict::NotEligible));
        assert_eq!(world.told().await.len(), 1, "no answer by facts that were out of date");
    })
    .await;
}

#[tokio::test]
async fn what_makes_no_sense_parks_its_stream() {
    on_both(async |world| {
        let foreign = Payload::ClaimClosed(wire::ClaimClosed::default());
        let nameless = Payload::AssociationEnded(wire::AssociationEnded::default());
        let timeless = Payload::AssociationBecameOfficial(wire::AssociationBecameOfficial {
            official_time: None,
            ..facts(&examples::presales())
        });
        for payload in [foreign, nameless, timeless] {
            let refused = of_tenant(&world, 1, payload).await;
            assert!(matches!(refused, Err(ReceiveError::Park(_))), "{refused:?}");
        }
    })
    .await;
}
