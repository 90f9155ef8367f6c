//! R6 to R9: which programs, activities and products can be claimed.

use cpor_acceptance::{
    LITWARE, TestClaim, TestSystem, assert_refused, assert_violations, both_databases, field_violations, line,
};
use cpor_proto::{
    claims::v1::Claim,
    registry::v1::{ListProductsRequest, Product, ProductFamily, ProductKind},
    r#type::v1::{Activity, SolutionArea},
};
use tonic::Code;

both_databases![
    r6_accepts_the_three_programs,
    r6_other_programs_are_referred_to_coop_claims,
    r7_solution_area_and_activity_must_pair,
    r8_usage_and_presales_exclude_revenue_association,
    r9_the_catalog_lists_what_can_be_claimed,
    r9_products_must_be_known_and_of_the_solution_area,
];

async fn r6_accepts_the_three_programs(system: &TestSystem) {
    let presales = Claim { program: "osa_sell".into(), ..system.presales().await };
    TestClaim::create_with_evidence(system, presales).await.submit().await.unwrap();
    let usage = Claim { program: "osu_business_applications".into(), ..system.usage().await };
    TestClaim::create_with_evidence(system, usage).await.submit().await.unwrap();
    let workloads = Claim { program: "osu_microsoft_365".into(), ..system.workloads() };
    TestClaim::create_with_evidence(system, workloads).await.submit().await.unwrap();
}

async fn r6_other_programs_are_referred_to_coop_claims(system: &TestSystem) {
    for program in ["csp", "managed_reseller", "hosting", "surface", "anything else"] {
        let case =
            TestClaim::create_with_evidence(system, Claim { program: program.into(), ..system.presales().await }).await;
        assert_violations(case.submit().await, &[("program", "USE_COOP_CLAIMS")]);
        let draft = case.claim().await;
        assert!(draft.violations[0].description.contains("co-op claims"), "{:?}", draft.violations);
    }
    let case = TestClaim::create_with_evidence(
        system,
        Claim { program: "osu_microsoft_365".into(), ..system.presales().await },
    )
    .await;
    assert_violations(case.submit().await, &[("program", "PROGRAM_DOES_NOT_MATCH")]);
}

async fn r7_solution_area_and_activity_must_pair(system: &TestSystem) {
    for activity in [Activity::PreSales, Activity::RevenueAssociation] {
        let claim = Claim { activities: vec![activity.into()], ..system.workloads() };
        let case = TestClaim::create_with_evidence(system, claim).await;
        let status = assert_refused(case.submit().await, Code::InvalidArgument, "CLAIM_INCOMPLETE");
        assert!(
            field_violations(&status).contains(&("activities[0]".into(), "ACTIVITY_NOT_IN_SOLUTION_AREA".into())),
            "{status:?}"
        );
    }
    for claim in [system.presales().await, system.usage().await, system.revenue_association().await, system.workloads()]
    {
        TestClaim::create_with_evidence(system, claim).await.submit().await.unwrap();
    }
    let both = vec![Activity::Usage.into(), Activity::PreSales.into()];
    TestClaim::create_with_evidence(system, Claim { activities: both, ..system.presales().await })
        .await
        .submit()
        .await
        .unwrap();
}

async fn r8_usage_and_presales_exclude_revenue_association(system: &TestSystem) {
    for paid in [Activity::Usage, Activity::PreSales] {
        let activities = vec![paid.into(), Activity::RevenueAssociation.into()];
        let case =
            TestClaim::create_with_evidence(system, Claim { activities, ..system.revenue_association().await }).await;
        assert_violations(case.submit().await, &[("activities", "ACTIVITIES_EXCLUDE_EACH_OTHER")]);
    }
}

async fn r9_the_catalog_lists_what_can_be_claimed(system: &TestSystem) {
    let request = ListProductsRequest { page_size: 1000, ..ListProductsRequest::default() };
    let products = system.contoso.registry().list_products(request).await.unwrap().into_inner().products;
    assert_eq!(products.len(), 27);
    let of_family = |family: ProductFamily| products.iter().filter(move |product| product.family() == family);
    assert_eq!(of_family(ProductFamily::Microsoft365).count(), 10);
    assert_eq!(of_family(ProductFamily::Dynamics365).count(), 14);
    assert_eq!(of_family(ProductFamily::PowerBi).count(), 1);
    assert_eq!(of_family(ProductFamily::PowerPlatform).count(), 2);
    let mut recognition_only: Vec<_> =
        products.iter().filter(|product| !product.incentivized).map(|product| product.display_name.as_str()).collect();
    recognition_only.sort_unstable();
    assert_eq!(recognition_only, ["Azure Information Protection", "Outlook Mobile", "Yammer"]);
    let expected_kind = |product: &Product| match product.family() {
        ProductFamily::Microsoft365 => ProductKind::Workload,
        ProductFamily::Unspecified
        | ProductFamily::Dynamics365
        | ProductFamily::PowerBi
        | ProductFamily::PowerPlatform => ProductKind::Subscription,
    };
    assert!(
        products
            .iter()
            .all(|product| product.kind() == expected_kind(product) && product.claimable_start_time.is_some())
    );
}

async fn r9_products_must_be_known_and_of_the_solution_area(system: &TestSystem) {
    let unknown = Claim { lines: vec![line("clippy", "")], ..system.workloads() };
    assert_violations(
        TestClaim::create_with_evidence(system, unknown).await.submit().await,
        &[("lines[0].product", "PRODUCT_UNKNOWN")],
    );
    let other_area = Claim { solution_area: SolutionArea::BusinessApplications.into(), ..system.workloads() };
    let case = TestClaim::create_with_evidence(system, other_area).await;
    let reason = "PRODUCT_OF_OTHER_SOLUTION_AREA";
    assert_violations(case.submit().await, &[("lines[0].product", reason), ("lines[1].product", reason)]);
    assert_eq!(case.tenant, LITWARE);
}
