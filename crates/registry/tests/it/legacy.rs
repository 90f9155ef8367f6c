//! Legacy associations (R58).
use cpor_call::status;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_proto::{
    registry::v1::{
        DeclineLegacyAssociationRequest, ImportLegacyAssociationsRequest, ImportResult, LegacyAssociation,
        LookupAssociationsRequest,
    },
    r#type::v1::{Activity, AssociationEndReason, AssociationState},
};
use cpor_registry_client::{ClaimToCheck, HoldOutcome, LineToCheck, RegistryReason};
use cpor_testing::on_both_databases;
use cpor_types::{Actor, Role, Service, SolutionArea};
use prost::Message as _;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::fixture::TestSystem;
use crate::rows::{TENANT, claim, directory_rows, hold, subscription_id};

on_both_databases![
    r58_an_import_is_official_and_repeatable,
    r58_it_holds_the_key_until_it_is_declined,
    r58_a_check_reports_a_legacy_holder,
];

fn subscription(n: u128) -> String {
    format!("tenants/{TENANT}/subscriptions/{}", subscription_id(n))
}

fn row(partner: &str, mpn_id: &str, key: String) -> LegacyAssociation {
    let activities = vec![Activity::Usage.into()];
    LegacyAssociation {
        key,
        partner: format!("partners/{partner}"),
        mpn_id: mpn_id.to_owned(),
        activities,
        ..Default::default()
    }
}

async fn import(system: &TestSystem, rows: Vec<LegacyAssociation>) -> Vec<ImportResult> {
    let mut sync = system.user(Role::DirectorySync, None, None);
    sync.import_legacy_associations(ImportLegacyAssociationsRequest { rows, ..Default::default() })
        .await
        .unwrap()
        .into_inner()
        .results
}

fn refusal_reason(result: &ImportResult) -> Option<String> {
    let error = result.error.as_ref()?;
    status::reason(&Status::with_details(error.code.into(), &error.message, error.encode_to_vec().into()))
}

async fn r58_an_import_is_official_and_repeatable(system: TestSystem) {
    system.import_new(directory_rows(2)).await;
    let (first, second) = (row("contoso", "100", subscription(1)), row("litware", "200", subscription(1)));
    let workload = row("contoso", "100", format!("tenants/{TENANT}/workloads/teams"));
    let foreign = row("contoso", "200", subscription(2));
    let elsewhere = row("contoso", "100", subscription(9));
    let results = import(&system, vec![first.clone(), first.clone(), second, workload, foreign, elsewhere]).await;
    let outcomes: Vec<_> = results.iter().map(ImportResult::outcome).collect();
    assert_eq!(outcomes[..2], [Outcome::Created, Outcome::Unchanged]);
    assert!(outcomes[2..].iter().all(|outcome| *outcome == Outcome::Refused));
    let reasons: Vec<_> = results[2..].iter().map(|result| refusal_reason(result).unwrap()).collect();
    let expected = ["KEY_HELD", "MUST_BE_CLAIMED_ANEW", "LOCATION_NOT_OF_PARTNER", "SUBSCRIPTION_NOT_ON_TENANT"];
    assert_eq!(reasons, expected);
    assert_eq!(import(&system, vec![first]).await[0].outcome(), Outcome::Unchanged);

    let mut lead = system.user(Role::ReviewLead, None, None);
    let request = LookupAssociationsRequest { key: subscription(1), as_of_time: None };
    let found = lead.lookup_associations(request).await.unwrap().into_inner().associations;
    assert_eq!((found.len(), found[0].partner.as_str(), found[0].claim.as_str()), (1, "partners/contoso", ""));
    assert_eq!((found[0].state(), found[0].mpn_id.as_str()), (AssociationState::Official, "100"));
    let usage = system.registry(Service::Eligibility, 0);
    let (actor, key) = (Actor::system(Service::Eligibility), subscription(1).parse().unwrap());
    assert!(usage.check_usage_access(&actor, &"contoso".parse().unwrap(), &key).await.unwrap().is_some());
    assert_eq!(
        system.outgoing_events(Service::ClaimIntake).await,
        [],
        "a legacy association has no claim, so claim-intake gets no event"
    );
}

async fn r58_it_holds_the_key_until_it_is_declined(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    import(&system, vec![row("contoso", "100", subscription(1))]).await;
    let (registry, actor) = (system.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
    let litware = claim("litware", 2);
    let HoldOutcome::Refused(refusals) = registry.place_hold(&actor, hold(&litware, 2, &[1])).await.unwrap() else {
        panic!("held")
    };
    assert_eq!(refusals[0].reason, RegistryReason::KeyHeld);

    let mut lead = system.user(Role::ReviewLead, None, None);
    let request = LookupAssociationsRequest { key: subscription(1), as_of_time: None };
    let name = lead.lookup_associations(request).await.unwrap().into_inner().associations.remove(0).name;
    let decline = DeclineLegacyAssociationRequest { name, ..Default::default() };
    let other = "0a1b2c3d-0000-4000-8000-000000000002";
    let stranger =
        system.user(Role::CustomerAdmin, None, Some(other)).decline_legacy_association(decline.clone()).await;
    assert_eq!(stranger.unwrap_err().code(), Code::NotFound);
    let mut customer = system.user(Role::CustomerAdmin, None, Some(TENANT));
    let ended = customer.decline_legacy_association(decline.clone()).await.unwrap().into_inner();
    assert_eq!((ended.state(), ended.end_reason()), (AssociationState::Ended, AssociationEndReason::Declined));
    assert_eq!(customer.decline_legacy_association(decline.clone()).await.unwrap().into_inner(), ended);
    assert_eq!(import(&system, vec![row("contoso", "100", subscription(1))]).await[0].outcome(), Outcome::Unchanged);

    let registry = system.registry(Service::PoeReview, 0);
    assert_eq!(
        registry.place_hold(&actor, hold(&litware, 3, &[1])).await.unwrap(),
        HoldOutcome::Held,
        "the key is free"
    );
    let claims = lead.list_associations(cpor_proto::registry::v1::ListAssociationsRequest {
        parent: format!("tenants/{TENANT}"),
        filter: format!("claim = {litware}"),
        ..Default::default()
    });
    let of_claim = claims.await.unwrap().into_inner().associations.remove(0).name;
    let refused = customer
        .decline_legacy_association(DeclineLegacyAssociationRequest { name: of_claim, ..Default::default() })
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), status::reason(&refused).as_deref()),
        (Code::FailedPrecondition, Some("ASSOCIATION_OF_CLAIM"))
    );
}

async fn r58_a_check_reports_a_legacy_holder(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    import(&system, vec![row("contoso", "100", subscription(1))]).await;
    let (registry, actor) = (system.registry(Service::ClaimIntake, 0), Actor::system(Service::ClaimIntake));
    for (partner, mpn_id, held) in [("contoso", "100", false), ("litware", "200", true)] {
        let line_id = Uuid::from_u128(1).into();
        let checked = registry.check_claim(
            &actor,
            ClaimToCheck {
                partner: partner.parse().unwrap(),
                mpn_id: Some(mpn_id.parse().unwrap()),
                tenant_id: Some(TENANT.to_owned()),
                customer_domain: Some("fabrikam.example".to_owned()),
                submitted: None,
                suggest_lines: false,
                solution_area: Some(SolutionArea::BusinessApplications),
                lines: vec![LineToCheck { line_id, product: "power-bi".parse().unwrap(), subscription_id: None }],
            },
        );
        let checked = checked.await.unwrap();
        assert_eq!((checked.violations, checked.lines[0].legacy_holder.is_some()), (vec![], held), "{partner}");
    }
}
