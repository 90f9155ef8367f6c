//! The catalog (R9): an installation can replace the shipped one.
use cpor_proto::registry::v1::ListProductsRequest;
use cpor_registry_client::{ClaimToCheck, LineToCheck, RegistryReason};
use cpor_testing::Engine;
use cpor_testing::TestDatabase;
use cpor_types::{Actor, Role, Service, SolutionArea};
use uuid::Uuid;

use crate::fixture::TestSystem;
use crate::rows::{TENANT, partner, tenant, workload};

const CUSTOM_CATALOG: &str = r#"
[[group]]
solution_area = "microsoft_365"
family = "microsoft_365"
kind = "workload"
since = "2020-01-01T00:00:00Z"
products = [
    { id = "teams", name = "Teams" },
    { id = "abacus", name = "Abacus", until = "2021-01-01T00:00:00Z" },
    { id = "teams-next", name = "Teams Next", since = "2900-01-01T00:00:00Z" },
]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r9_an_installation_can_replace_the_catalog() {
    let database = TestDatabase::create(Engine::Sqlite);
    let file = database.folder().join("catalog.toml");
    std::fs::write(&file, CUSTOM_CATALOG).unwrap();
    let config = cpor_registry::Config { catalog_file: Some(file), ..cpor_registry::Config::default() };
    let system = TestSystem::with_config(&database, config).await;
    let mut sync = system.user(Role::DirectorySync, None, None);
    let listed = sync.list_products(ListProductsRequest::default()).await.unwrap().into_inner().products;
    let names: Vec<_> = listed.iter().map(|product| product.name.as_str()).collect();
    assert_eq!(names, ["products/abacus", "products/teams", "products/teams-next"]);
    assert!(listed[0].claimable_end_time.is_some() && listed[1].claimable_end_time.is_none());

    let all = ["teams", "abacus", "teams-next"];
    let mut rows = vec![partner("contoso", "100"), tenant(TENANT, "fabrikam.example")];
    rows.extend(all.map(workload));
    system.import_new(rows).await;
    let line = |product: &str| LineToCheck {
        line_id: Uuid::from_u128(1).into(),
        product: product.parse().unwrap(),
        subscription_id: None,
    };
    let claim = ClaimToCheck {
        partner: "contoso".parse().unwrap(),
        mpn_id: None,
        tenant_id: Some(TENANT.to_owned()),
        customer_domain: None,
        submitted: None,
        suggest_lines: false,
        solution_area: Some(SolutionArea::Microsoft365),
        lines: all.into_iter().chain(["intune"]).map(line).collect(),
    };
    let registry = system.registry(Service::ClaimIntake, 0);
    let found = registry.check_claim(&Actor::system(Service::ClaimIntake), claim).await.unwrap();
    let violations: Vec<_> =
        found.violations.iter().map(|violation| (violation.field.as_str(), violation.reason)).collect();
    let expected = [
        ("lines[1].product", RegistryReason::ProductNotClaimable),
        ("lines[2].product", RegistryReason::ProductNotClaimable),
        ("lines[3].product", RegistryReason::ProductUnknown),
    ];
    assert_eq!(violations, expected, "no longer claimable, not yet claimable, and not in the catalog");
}
