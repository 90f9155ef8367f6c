//! The import of the directory, and the RPCs that read it.
use crate::fixture::TestSystem;
use crate::rows::{TENANT, directory_rows, partner, subscription, tenant, workload};
use cpor_call::{directory_budget::DirectoryBudgetConfig, status};
use cpor_proto::registry::v1::directory_row::Row;
use cpor_proto::registry::v1::import_result::Outcome;
use cpor_proto::{
    registry::v1::{
        DirectoryRow, GetPartnerRequest, GetTenantRequest, ImportDirectoryRequest, ImportResult, ListProductsRequest,
        ListSubscriptionsRequest, ListWorkloadsRequest, LookupTenantRequest,
    },
    r#type::v1::SubscriptionStatus,
};
use cpor_testing::{TestDatabase, on_both_databases};
use cpor_types::{Role, Service};
use prost::Message as _;
use tonic::{Code, Status};

on_both_databases![
    rows_are_created_updated_or_unchanged,
    one_bad_row_does_not_stop_the_others,
    a_domain_can_move_to_another_tenant,
    imported_rows_can_be_read,
    r57_a_location_has_a_known_language,
    missing_and_foreign_resources_look_the_same,
];
on_both_databases![with few_lookups: r12a_partners_look_up_few_domains];

async fn few_lookups(database: &TestDatabase) -> TestSystem {
    let domain_lookups = DirectoryBudgetConfig { per_user_per_hour: 2, per_partner_per_hour: 3 };
    TestSystem::with_config(database, cpor_registry::Config { domain_lookups, ..Default::default() }).await
}

async fn r12a_partners_look_up_few_domains(system: TestSystem) {
    system.import_new(vec![tenant(TENANT, "fabrikam.example"), partner("contoso", "100")]).await;
    let look_up = async |role, partner: Option<&str>, domain: &str| {
        let request = LookupTenantRequest { domain: domain.into() };
        system.user(role, partner, None).lookup_tenant(request).await.map_err(|status| {
            let metadata = |key| status::metadata(&status, key).unwrap_or_default();
            (status.code(), status::reason(&status).unwrap(), metadata("scope"), metadata("limit"))
        })
    };
    let refusal = |scope: &str, limit: &str| {
        let reason = "TOO_MANY_DIRECTORY_QUESTIONS".to_owned();
        (Code::ResourceExhausted, reason, scope.to_owned(), limit.to_owned())
    };
    let contoso = Some("contoso");
    look_up(Role::IncentivesUser, contoso, "fabrikam.example").await.unwrap();
    assert_eq!(look_up(Role::IncentivesUser, contoso, "guess.example").await.unwrap_err().0, Code::NotFound);
    for domain in ["fabrikam.example", "guess.example"] {
        assert_eq!(look_up(Role::IncentivesUser, contoso, domain).await.unwrap_err(), refusal("user", "2"));
    }
    look_up(Role::GlobalAdmin, contoso, "fabrikam.example").await.unwrap();
    let refused = look_up(Role::GlobalAdmin, contoso, "fabrikam.example").await.unwrap_err();
    assert_eq!(refused, refusal("partner", "3"), "all users of the company together");
    for _ in 0..5 {
        look_up(Role::ReviewLead, None, "fabrikam.example").await.expect("the vendor is not limited");
    }
}

const OTHER: &str = "0a1b2c3d-0000-4000-8000-000000000002";
const THIRD: &str = "0a1b2c3d-0000-4000-8000-000000000003";

fn outcomes(results: &[ImportResult]) -> Vec<Outcome> {
    results.iter().map(ImportResult::outcome).collect()
}

/// The code and the reason of a refused row.
fn refusal_reason(result: &ImportResult) -> (Code, String) {
    let error = result.error.as_ref().unwrap();
    let status = Status::with_details(error.code.into(), &error.message, error.encode_to_vec().into());
    (status.code(), status::reason(&status).unwrap())
}

async fn rows_are_created_updated_or_unchanged(system: TestSystem) {
    system.import_new(directory_rows(300)).await;
    let events_before = system.outgoing_events(Service::Eligibility).await.len();
    let again = system.import(directory_rows(300)).await;
    assert!(outcomes(&again).iter().all(|outcome| *outcome == Outcome::Unchanged), "{again:?}");
    assert_eq!(
        system.outgoing_events(Service::Eligibility).await.len(),
        events_before,
        "unchanged rows cause no events"
    );
    let changed = system
        .import(vec![partner("contoso", "101"), subscription(7, SubscriptionStatus::Expired), workload("intune")])
        .await;
    assert_eq!(outcomes(&changed), [Outcome::Updated, Outcome::Updated, Outcome::Created]);
}

async fn one_bad_row_does_not_stop_the_others(system: TestSystem) {
    system.import_new(vec![tenant(OTHER, "litware.example"), partner("litware", "200")]).await;
    let mut foreign_calendar = tenant(TENANT, "fabrikam.example");
    if let Some(Row::Tenant(tenant)) = &mut foreign_calendar.row {
        tenant.calendar = "atlantis".to_owned();
    }
    let mut unlisted = subscription(1, SubscriptionStatus::Active);
    if let Some(Row::Subscription(subscription)) = &mut unlisted.row {
        subscription.product = "products/abacus".to_owned();
    }
    let results = system
        .import(vec![
            subscription(1, SubscriptionStatus::Active),
            foreign_calendar,
            tenant(THIRD, "litware.example"),
            tenant(TENANT, "fabrikam.example"),
            unlisted,
            partner("contoso", "200"),
            partner("Not A Slug", "300"),
            DirectoryRow { row: None },
            workload("power-bi"),
            subscription(1, SubscriptionStatus::Active),
        ])
        .await;
    let refused = results.iter().enumerate().filter(|(_, result)| result.outcome() == Outcome::Refused);
    let expected = [
        (1, Code::InvalidArgument, "CALENDAR_UNKNOWN"),
        (2, Code::AlreadyExists, "DOMAIN_TAKEN"),
        (4, Code::InvalidArgument, "PRODUCT_UNKNOWN"),
        (5, Code::AlreadyExists, "MPN_ID_TAKEN"),
        (6, Code::InvalidArgument, "INVALID_FIELDS"),
        (7, Code::InvalidArgument, "INVALID_FIELDS"),
        (8, Code::InvalidArgument, "INVALID_FIELDS"),
    ];
    let found: Vec<_> =
        refused.into_iter().map(|(n, result)| (n, refusal_reason(result).0, refusal_reason(result).1)).collect();
    assert_eq!(found, expected.map(|(n, code, reason)| (n, code, reason.to_owned())));
    assert_eq!([0, 3, 9].map(|n| results[n].outcome()), [Outcome::Created, Outcome::Created, Outcome::Unchanged]);
    assert_eq!(results[3].name, format!("tenants/{TENANT}"));
}

async fn a_domain_can_move_to_another_tenant(system: TestSystem) {
    system.import_new(vec![tenant(TENANT, "fabrikam.example"), tenant(OTHER, "litware.example")]).await;
    let moved = system.import(vec![tenant(TENANT, "new.example"), tenant(OTHER, "fabrikam.example")]).await;
    assert_eq!(outcomes(&moved), [Outcome::Updated; 2]);
    let mut sync = system.user(Role::DirectorySync, None, None);
    let found = sync.get_tenant(GetTenantRequest { name: format!("tenants/{OTHER}") }).await.unwrap().into_inner();
    assert_eq!(found.domains, ["fabrikam.example"]);
}

async fn imported_rows_can_be_read(system: TestSystem) {
    let rows = directory_rows(120);
    system.import_new(rows.clone()).await;
    let mut sync = system.user(Role::DirectorySync, None, None);
    let found = sync.get_partner(GetPartnerRequest { name: "partners/contoso".to_owned() }).await.unwrap().into_inner();
    assert_eq!(Some(Row::Partner(found)), rows[0].row);
    let mut request =
        ListSubscriptionsRequest { parent: format!("tenants/{TENANT}"), page_size: 50, ..Default::default() };
    let mut found = Vec::new();
    loop {
        let page = sync.list_subscriptions(request.clone()).await.unwrap().into_inner();
        found.extend(page.subscriptions.into_iter().map(|one| DirectoryRow { row: Some(Row::Subscription(one)) }));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(found, rows[3..123]);
    let workloads = ListWorkloadsRequest { parent: format!("tenants/{TENANT}"), ..Default::default() };
    let found = sync.list_workloads(workloads).await.unwrap().into_inner();
    assert_eq!(found.workloads.len(), 1);
    let products =
        sync.list_products(ListProductsRequest { page_size: 20, ..Default::default() }).await.unwrap().into_inner();
    let rest = ListProductsRequest { page_size: 20, page_token: products.next_page_token, ..Default::default() };
    let rest = sync.list_products(rest).await.unwrap().into_inner();
    assert_eq!((products.products.len(), rest.products.len(), rest.next_page_token.as_str()), (20, 7, ""));
}

async fn r57_a_location_has_a_known_language(system: TestSystem) {
    let with_language = |code: &str| {
        let mut row = partner("contoso", "100");
        if let Some(Row::Partner(partner)) = &mut row.row {
            partner.locations[0].language_code = code.to_owned();
        }
        row
    };
    system.import_new(vec![with_language("cs")]).await;
    for code in ["xx", "de-AT", "DE"] {
        let results = system.import(vec![with_language(code)]).await;
        assert_eq!(refusal_reason(&results[0]), (Code::InvalidArgument, "LANGUAGE_UNKNOWN".to_owned()));
        let message = &results[0].error.as_ref().unwrap().message;
        for part in
            ["partner.locations[0].language_code", "`cs`", "`de`", "`en`", "`es`", "`fr`", "`hu`", "`pl`", "`ru`"]
        {
            assert!(message.contains(part), "{message}");
        }
    }
    let unchanged = system.import(vec![with_language("cs")]).await;
    assert_eq!(outcomes(&unchanged), [Outcome::Unchanged]);
    let cleared = system.import(vec![with_language("")]).await;
    assert_eq!(outcomes(&cleared), [Outcome::Updated]);
}

async fn missing_and_foreign_resources_look_the_same(system: TestSystem) {
    system.import_new(directory_rows(0)).await;
    let mut litware = system.user(Role::IncentivesAdmin, Some("litware"), None);
    let foreign = litware.get_partner(GetPartnerRequest { name: "partners/contoso".to_owned() }).await.unwrap_err();
    let mut operator = system.user(Role::Operator, None, None);
    let absent = operator.get_partner(GetPartnerRequest { name: "partners/nobody".to_owned() }).await.unwrap_err();
    assert_eq!((foreign.code(), status::reason(&foreign)), (Code::NotFound, status::reason(&absent)));
    let denied = litware
        .import_directory(ImportDirectoryRequest { rows: directory_rows(0), ..Default::default() })
        .await
        .unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
    let none = system.user(Role::DirectorySync, None, None).import_directory(ImportDirectoryRequest::default()).await;
    assert_eq!(none.unwrap_err().code(), Code::InvalidArgument);
}
