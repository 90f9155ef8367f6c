//! R12: what the directory must confirm, at entry, at submission and at approval, each fault with its own reason.

use cpor_acceptance::{
    Case, FABRIKAM, FABRIKAM_CSP, Stage, TAILSPIN_POWER_BI, World, both_databases, line, refused, rows, violates,
};
use cpor_proto::{
    claims::v1::Claim,
    registry::v1::{Subscription, SubscriptionStatus},
    reviews::v1::ReviewCaseState,
};
use tonic::Code;
use tonic_types::StatusExt as _;

both_databases![
    r12_domain_and_tenant,
    r12_products_must_be_on_the_tenant,
    r12_subscriptions_must_be_fit_to_be_claimed,
    r12_grace_is_good_enough,
    r12_is_checked_again_at_resubmission,
    r12_is_checked_again_at_approval,
];

async fn r12_domain_and_tenant(world: &World) {
    let claim = world.presales().await;
    let cases = [
        (
            Claim { customer_domain: "tailspin.example".into(), ..claim.clone() },
            "customer_domain",
            "DOMAIN_NOT_OF_TENANT",
        ),
        (Claim { tenant_id: world.id(), ..claim.clone() }, "tenant_id", "TENANT_UNKNOWN"),
        (Claim { tenant_id: "fabrikam".into(), ..claim.clone() }, "tenant_id", "TENANT_ID_MALFORMED"),
    ];
    for (claim, field, reason) in cases {
        let case = Case::complete(world, claim).await;
        let drafted = case.claim().await.violations;
        assert!(
            drafted.iter().any(|found| (found.field.as_str(), found.reason.as_str()) == (field, reason)),
            "{drafted:?}"
        );
        violates(case.submit().await, &[(field, reason)]);
    }
    let second = Claim { customer_domain: "Fabrikam-Mail.example".into(), ..claim };
    Case::complete(world, second).await.submit().await.unwrap();
}

async fn r12_products_must_be_on_the_tenant(world: &World) {
    let workload = Claim { lines: vec![line("intune", "")], ..world.workloads() };
    violates(Case::complete(world, workload).await.submit().await, &[("lines[0].product", "PRODUCT_NOT_ON_TENANT")]);
    let subscription = Claim { lines: vec![line("power-automate", "")], ..world.usage().await };
    violates(
        Case::complete(world, subscription).await.submit().await,
        &[("lines[0].product", "PRODUCT_NOT_ON_TENANT")],
    );
    let named = Claim { lines: vec![line("teams", FABRIKAM_CSP)], ..world.workloads() };
    violates(
        Case::complete(world, named).await.submit().await,
        &[("lines[0].subscription_id", "SUBSCRIPTION_ID_NOT_ALLOWED")],
    );
}

/// A Power Apps subscription of Fabrikam in this state.
async fn unfit(world: &World, status: SubscriptionStatus) -> String {
    let fit = rows::subscription(FABRIKAM, &world.id(), "power-apps");
    world.subscribe_as(Subscription { status: status.into(), ..fit }).await
}

async fn r12_subscriptions_must_be_fit_to_be_claimed(world: &World) {
    let workload = rows::subscription(FABRIKAM, &world.id(), "teams");
    let cases = [
        ("no UUID".to_owned(), "SUBSCRIPTION_ID_MALFORMED"),
        (TAILSPIN_POWER_BI.to_owned(), "SUBSCRIPTION_NOT_ON_TENANT"),
        (world.subscribe("dynamics-365-sales").await, "SUBSCRIPTION_OF_OTHER_PRODUCT"),
        (world.subscribe_as(workload).await, "SUBSCRIPTION_NOT_BUSINESS_APPLICATIONS"),
        (unfit(world, SubscriptionStatus::NotProvisioned).await, "SUBSCRIPTION_NOT_PROVISIONED"),
        (unfit(world, SubscriptionStatus::Expired).await, "SUBSCRIPTION_EXPIRED"),
        (unfit(world, SubscriptionStatus::Suspended).await, "SUBSCRIPTION_SUSPENDED"),
    ];
    for (subscription, reason) in cases {
        let claim = Claim { lines: vec![line("power-apps", &subscription)], ..world.usage().await };
        violates(Case::complete(world, claim).await.submit().await, &[("lines[0].subscription_id", reason)]);
    }
    let csp = Claim { lines: vec![line("power-bi", FABRIKAM_CSP)], ..world.usage().await };
    let case = Case::complete(world, csp).await;
    violates(case.submit().await, &[("lines[0].subscription_id", "SUBSCRIPTION_BOUGHT_THROUGH_CSP")]);
    assert!(case.claim().await.violations[0].description.contains("co-op claims"));
}

async fn r12_grace_is_good_enough(world: &World) {
    let subscription = unfit(world, SubscriptionStatus::InGrace).await;
    let claim = Claim { lines: vec![line("power-apps", &subscription)], ..world.usage().await };
    Case::complete(world, claim).await.submit().await.unwrap();
}

/// The subscription of the claim's line, expired.
async fn expire(world: &World, case: &Case<'_>) {
    let line = case.claim().await.lines.remove(0);
    let product = line.product.trim_start_matches("products/").to_owned();
    let subscription = rows::subscription(FABRIKAM, &line.subscription_id, &product);
    world.subscribe_as(Subscription { status: SubscriptionStatus::Expired.into(), ..subscription }).await;
}

async fn r12_is_checked_again_at_resubmission(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::PartnerActionRequired).await;
    expire(world, &case).await;
    violates(case.resubmit("Here it is.").await, &[("lines[0].subscription_id", "SUBSCRIPTION_EXPIRED")]);
}

async fn r12_is_checked_again_at_approval(world: &World) {
    let case = Case::at(world, world.presales().await, Stage::UnderReview).await;
    expire(world, &case).await;
    let status = refused(case.approve(&world.reviewer).await, Code::FailedPrecondition, "LINES_NOT_HELD");
    let failed = status.get_details_precondition_failure().unwrap().violations;
    assert_eq!(failed.iter().map(|failed| failed.r#type.as_str()).collect::<Vec<_>>(), ["SUBSCRIPTION_EXPIRED"]);
    world.settle().await;
    let review = case.review(&world.reviewer).await.unwrap();
    assert_eq!(review.state(), ReviewCaseState::UnderReview);
    assert_eq!(review.approval_refusals[0].reason, "SUBSCRIPTION_EXPIRED");
    assert_eq!(case.entry("approval_refused").await.changes[0].to, "SUBSCRIPTION_EXPIRED");
    assert!(case.associations().await.is_empty());
}
