//! Holds through the API: recorded outcomes, refusals, and directory checks.
use crate::fixture::TestSystem;
use crate::rows::{TENANT, claim, directory_rows, hold, subscription, subscription_id, tenant_id};
use cpor_proto::registry::v1::directory_row::Row;
use cpor_proto::r#type::v1::SubscriptionStatus;
use cpor_registry_client::{ClaimToCheck, HoldOutcome, LineRefusal, LineToCheck, RegistryReason};
use cpor_testing::on_both_databases;
use cpor_types::{Actor, AssociationKey, LineId, Service, SolutionArea};
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

on_both_databases![
    a_repeated_decision_gets_the_recorded_outcome,
    a_refusal_names_each_line,
    a_check_reports_violations_and_fills_in_fields,
    holds_survive_a_new_profile_of_the_tenant,
    the_database_keeps_a_key_to_one_company,
];

fn reasons(answer: &HoldOutcome) -> Vec<(Option<LineId>, RegistryReason)> {
    match answer {
        HoldOutcome::Held => Vec::new(),
        HoldOutcome::Refused(refusals) => {
            refusals.iter().map(|LineRefusal { line_id, reason, .. }| (*line_id, *reason)).collect()
        }
    }
}

async fn a_repeated_decision_gets_the_recorded_outcome(system: TestSystem) {
    system.import_new(directory_rows(2)).await;
    let (registry, actor) = (system.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
    let (own, rival) = (hold(&claim("contoso", 1), 1, &[1]), hold(&claim("litware", 2), 2, &[1, 2]));
    assert_eq!(registry.place_hold(&actor, own.clone()).await.unwrap(), HoldOutcome::Held);
    let refused = registry.place_hold(&actor, rival.clone()).await.unwrap();
    assert_eq!(reasons(&refused), [(Some(rival.lines[0].line_id), RegistryReason::KeyHeld)]);

    let expired = system.import(vec![subscription(1, SubscriptionStatus::Expired)]).await;
    assert_eq!(expired.len(), 1);
    let again = system.registry(Service::PoeReview, 1);
    assert_eq!(again.place_hold(&actor, own.clone()).await.unwrap(), HoldOutcome::Held);
    assert_eq!(again.place_hold(&actor, rival).await.unwrap(), refused);
    let mut anew = own;
    anew.decision_id = Uuid::from_u128(3).into();
    let anew_line = anew.lines[0].line_id;
    let refused = again.place_hold(&actor, anew).await.unwrap();
    assert_eq!(reasons(&refused), [(Some(anew_line), RegistryReason::SubscriptionExpired)]);
}

async fn a_refusal_names_each_line(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    let (registry, actor) = (system.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
    let mut invalid = hold(&claim("contoso", 1), 1, &[1, 9]);
    invalid.mpn_id = "200".parse().unwrap();
    invalid.customer_domain = "litware.example".to_owned();
    let refused = registry.place_hold(&actor, invalid.clone()).await.unwrap();
    // R2a: the claim keeps the location and the domain that it was submitted with.
    let expected = [(Some(invalid.lines[1].line_id), RegistryReason::SubscriptionNotOnTenant)];
    assert_eq!(reasons(&refused), expected);
    invalid.tenant = Uuid::from_u128(99).into();
    assert_eq!(reasons(&registry.place_hold(&actor, invalid).await.unwrap()), [(None, RegistryReason::TenantUnknown)]);
}

async fn a_check_reports_violations_and_fills_in_fields(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    let (registry, actor) = (system.registry(Service::ClaimIntake, 0), Actor::system(Service::ClaimIntake));
    let line = |n, product: &str| LineToCheck {
        line_id: Uuid::from_u128(n).into(),
        product: product.parse().unwrap(),
        subscription_id: None,
    };
    let claim = ClaimToCheck {
        partner: "contoso".parse().unwrap(),
        mpn_id: Some("100".parse().unwrap()),
        tenant_id: Some(TENANT.to_owned()),
        customer_domain: Some("Fabrikam.example".to_owned()),
        solution_area: Some(SolutionArea::BusinessApplications),
        lines: vec![line(1, "power-bi"), line(2, "teams"), line(3, "no-such-product")],
        submitted: None,
        suggest_lines: false,
    };
    let found = registry.check_claim(&actor, claim.clone()).await.unwrap();
    let violations: Vec<_> =
        found.violations.iter().map(|violation| (violation.field.as_str(), violation.reason)).collect();
    let expected = [
        ("lines[1].product", RegistryReason::ProductOfOtherSolutionArea),
        ("lines[2].product", RegistryReason::ProductUnknown),
    ];
    assert_eq!(violations, expected);
    assert_eq!(found.partner_display_name.as_deref(), Some("The contoso company"));
    assert_eq!(found.location.unwrap().calendar, "de");
    assert_eq!(found.tenant.unwrap().id, tenant_id());
    assert_eq!(found.lines[0].key, Some(AssociationKey::Subscription(subscription_id(1))));
    assert_eq!(found.lines[1].product.as_ref().unwrap().display_name, "Teams");

    let draft = ClaimToCheck { tenant_id: Some("fabrikam".to_owned()), mpn_id: None, lines: Vec::new(), ..claim };
    let found = registry.check_claim(&actor, draft).await.unwrap();
    assert_eq!(
        found.violations.iter().map(|violation| violation.reason).collect::<Vec<_>>(),
        [RegistryReason::TenantIdMalformed]
    );
    assert_eq!((found.tenant, found.location), (None, None));
}

async fn holds_survive_a_new_profile_of_the_tenant(system: TestSystem) {
    system.import_new(directory_rows(1)).await;
    let (registry, actor) = (system.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
    assert_eq!(registry.place_hold(&actor, hold(&claim("contoso", 1), 1, &[1])).await.unwrap(), HoldOutcome::Held);
    let mut renamed = crate::rows::tenant(TENANT, "new.example");
    if let Some(Row::Tenant(tenant)) = &mut renamed.row {
        tenant.display_name = "Fabrikam Holding".to_owned();
    }
    system.import(vec![renamed]).await;
    let mut rival = hold(&claim("litware", 2), 2, &[1]);
    rival.customer_domain = "new.example".to_owned();
    let line = rival.lines[0].line_id;
    let refused = registry.place_hold(&actor, rival).await.unwrap();
    assert_eq!(reasons(&refused), [(Some(line), RegistryReason::KeyHeld)]);
}

/// The database refuses a second holder even if the aggregate would accept it (R36).
async fn the_database_keeps_a_key_to_one_company(system: TestSystem) {
    system.import_new(directory_rows(2)).await;
    let db = system.db.writer();
    let row = "INSERT INTO key_holder (tenant, key, partner) VALUES ($1, $2, 'litware')";
    let values = [tenant_id().0.into(), AssociationKey::Subscription(subscription_id(1)).to_string().into()];
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), row, values)).await.unwrap();
    let (registry, actor) = (system.registry(Service::PoeReview, 0), Actor::system(Service::PoeReview));
    let both = hold(&claim("contoso", 1), 1, &[1, 2]);
    let refused = registry.place_hold(&actor, both.clone()).await.unwrap();
    assert_eq!(reasons(&refused), [(Some(both.lines[0].line_id), RegistryReason::KeyHeld)]);
    let other = hold(&claim("litware", 2), 2, &[2]);
    assert_eq!(
        registry.place_hold(&actor, other).await.unwrap(),
        HoldOutcome::Held,
        "the refused request left nothing behind"
    );
}
