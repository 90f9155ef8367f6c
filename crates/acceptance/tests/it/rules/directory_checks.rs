//! R12: the checks against the directory at entry, submission, resubmission, dispute and approval.
//! Each violation has its own reason.

use cpor_acceptance::{
    ClaimStage, FABRIKAM, FABRIKAM_CSP, LITWARE, TAILSPIN_POWER_BI, TestClaim, TestSystem, assert_refused,
    assert_violations, both_databases, line, rows,
};
use cpor_proto::{
    claims::v1::Claim,
    registry::v1::{Subscription, directory_row::Row},
    reviews::v1::ReviewCaseState,
    r#type::v1::SubscriptionStatus,
};
use tonic::Code;
use tonic_types::StatusExt as _;

both_databases![
    r12_the_domain_must_belong_to_the_tenant,
    r12_spellings_of_a_domain_are_one_domain,
    r12_products_must_be_on_the_tenant,
    r12_subscriptions_must_be_claimable,
    r12_accepts_a_subscription_in_grace,
    r12_the_directory_is_checked_at_resubmission,
    r12_the_directory_is_checked_at_dispute,
    r12_the_directory_is_checked_at_approval,
];

async fn r12_the_domain_must_belong_to_the_tenant(system: &TestSystem) {
    let claim = system.presales().await;
    let cases = [
        (
            Claim { customer_domain: "tailspin.example".into(), ..claim.clone() },
            "customer_domain",
            "DOMAIN_NOT_OF_TENANT",
        ),
        (Claim { tenant_id: system.next_uuid(), ..claim.clone() }, "tenant_id", "TENANT_UNKNOWN"),
        (Claim { tenant_id: "fabrikam".into(), ..claim.clone() }, "tenant_id", "TENANT_ID_MALFORMED"),
    ];
    for (claim, field, reason) in cases {
        let case = TestClaim::create_with_evidence(system, claim).await;
        let violations = case.claim().await.violations;
        assert!(
            violations.iter().any(|violation| (violation.field.as_str(), violation.reason.as_str()) == (field, reason)),
            "{violations:?}"
        );
        assert_violations(case.submit().await, &[(field, reason)]);
    }
    let second_domain = Claim { customer_domain: "Fabrikam-Mail.example".into(), ..claim };
    TestClaim::create_with_evidence(system, second_domain).await.submit().await.unwrap();
}

async fn r12_spellings_of_a_domain_are_one_domain(system: &TestSystem) {
    let mut tenant = rows::tenant(LITWARE, "Litware Büro GmbH", "litware.example");
    tenant.domains.push("xn--bro-hoa.example".into());
    system.import_row(Row::Tenant(tenant)).await;
    let draft = async |domain: &str| {
        let claim = Claim { customer_domain: domain.into(), ..system.workloads() };
        TestClaim::create_with_evidence(system, claim).await
    };
    for spelling in [
        "büro.example",
        "BÜRO.example",
        "bu\u{308}ro.example",
        "xn--bro-hoa.example",
        "XN--BRO-HOA.EXAMPLE",
        "büro。example",
    ] {
        let claim = draft(spelling).await.claim().await;
        assert_eq!((claim.customer_domain.as_str(), claim.violations), ("xn--bro-hoa.example", vec![]), "{spelling}");
    }
    for spelling in ["LITWARE.example", "litware.example."] {
        assert_eq!(draft(spelling).await.claim().await.violations, [], "{spelling}");
    }
    for foreign in ["mail.litware.example", "https://litware.example/", "litware.onmicrosoft.com", "buro.example"] {
        assert_violations(draft(foreign).await.submit().await, &[("customer_domain", "DOMAIN_NOT_OF_TENANT")]);
    }
}

async fn r12_products_must_be_on_the_tenant(system: &TestSystem) {
    let workload = Claim { lines: vec![line("intune", "")], ..system.workloads() };
    assert_violations(
        TestClaim::create_with_evidence(system, workload).await.submit().await,
        &[("lines[0].product", "PRODUCT_NOT_ON_TENANT")],
    );
    let subscription = Claim { lines: vec![line("power-automate", "")], ..system.usage().await };
    assert_violations(
        TestClaim::create_with_evidence(system, subscription).await.submit().await,
        &[("lines[0].product", "PRODUCT_NOT_ON_TENANT")],
    );
    let named = Claim { lines: vec![line("teams", FABRIKAM_CSP)], ..system.workloads() };
    assert_violations(
        TestClaim::create_with_evidence(system, named).await.submit().await,
        &[("lines[0].subscription_id", "SUBSCRIPTION_ID_NOT_ALLOWED")],
    );
}

/// A Power Apps subscription of Fabrikam with this status.
async fn power_apps(system: &TestSystem, status: SubscriptionStatus) -> String {
    let active = rows::subscription(FABRIKAM, &system.next_uuid(), "power-apps");
    system.import_subscription(Subscription { status: status.into(), ..active }).await
}

async fn r12_subscriptions_must_be_claimable(system: &TestSystem) {
    let workload = rows::subscription(FABRIKAM, &system.next_uuid(), "teams");
    let cases = [
        ("no UUID".to_owned(), "SUBSCRIPTION_ID_MALFORMED"),
        (TAILSPIN_POWER_BI.to_owned(), "SUBSCRIPTION_NOT_ON_TENANT"),
        (system.create_subscription("dynamics-365-sales").await, "SUBSCRIPTION_OF_OTHER_PRODUCT"),
        (system.import_subscription(workload).await, "SUBSCRIPTION_NOT_BUSINESS_APPLICATIONS"),
        (power_apps(system, SubscriptionStatus::NotProvisioned).await, "SUBSCRIPTION_NOT_PROVISIONED"),
        (power_apps(system, SubscriptionStatus::Expired).await, "SUBSCRIPTION_EXPIRED"),
        (power_apps(system, SubscriptionStatus::Suspended).await, "SUBSCRIPTION_SUSPENDED"),
    ];
    for (subscription, reason) in cases {
        let claim = Claim { lines: vec![line("power-apps", &subscription)], ..system.usage().await };
        assert_violations(
            TestClaim::create_with_evidence(system, claim).await.submit().await,
            &[("lines[0].subscription_id", reason)],
        );
    }
    let csp = Claim { lines: vec![line("power-bi", FABRIKAM_CSP)], ..system.usage().await };
    let case = TestClaim::create_with_evidence(system, csp).await;
    assert_violations(case.submit().await, &[("lines[0].subscription_id", "SUBSCRIPTION_BOUGHT_THROUGH_CSP")]);
    assert!(case.claim().await.violations[0].description.contains("co-op claims"));
}

async fn r12_accepts_a_subscription_in_grace(system: &TestSystem) {
    let subscription = power_apps(system, SubscriptionStatus::InGrace).await;
    let claim = Claim { lines: vec![line("power-apps", &subscription)], ..system.usage().await };
    TestClaim::create_with_evidence(system, claim).await.submit().await.unwrap();
}

/// Lets the subscription of the first line expire.
async fn expire(system: &TestSystem, case: &TestClaim<'_>) {
    let line = case.claim().await.lines.remove(0);
    let product = line.product.trim_start_matches("products/").to_owned();
    let subscription = rows::subscription(FABRIKAM, &line.subscription_id, &product);
    system.import_subscription(Subscription { status: SubscriptionStatus::Expired.into(), ..subscription }).await;
}

async fn r12_the_directory_is_checked_at_resubmission(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    expire(system, &case).await;
    assert_violations(case.resubmit("Here it is.").await, &[("lines[0].subscription_id", "SUBSCRIPTION_EXPIRED")]);
}

async fn r12_the_directory_is_checked_at_dispute(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Rejected).await;
    expire(system, &case).await;
    let refused = case.dispute("The signature is on page two.").await;
    assert_violations(refused, &[("lines[0].subscription_id", "SUBSCRIPTION_EXPIRED")]);
}

async fn r12_the_directory_is_checked_at_approval(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    expire(system, &case).await;
    let status = assert_refused(case.approve(&system.reviewer).await, Code::FailedPrecondition, "LINES_NOT_HELD");
    let failures = status.get_details_precondition_failure().unwrap().violations;
    assert_eq!(failures.iter().map(|failure| failure.r#type.as_str()).collect::<Vec<_>>(), ["SUBSCRIPTION_EXPIRED"]);
    system.wait_until_idle().await;
    let review = case.review(&system.reviewer).await.unwrap();
    assert_eq!(review.state(), ReviewCaseState::UnderReview);
    assert_eq!(review.approval_refusals[0].reason, "SUBSCRIPTION_EXPIRED");
    assert_eq!(case.entry("approval_refused").await.changes[0].new_value, "SUBSCRIPTION_EXPIRED");
    assert!(case.associations().await.is_empty());
}
