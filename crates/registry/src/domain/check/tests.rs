use super::*;
use crate::domain::examples::{active, catalog, directory, id, now, partner, subscription_id};

fn claim(lines: &[(&str, Option<&str>)]) -> ClaimToCheck {
    let line = |(product, subscription): &(&str, Option<&str>)| LineToCheck {
        product: product.parse().ok(),
        subscription_id: subscription.map(str::to_owned),
    };
    ClaimToCheck { mpn_id: None, customer_domain: None, solution_area: None, lines: lines.iter().map(line).collect() }
}

fn wrong(claim: &ClaimToCheck, tenant: &TenantDirectory) -> Vec<(Field, Reason)> {
    let (catalog, partner) = (catalog(), partner());
    let directory = Directory { catalog: &catalog, partner: Some(&partner), tenant: TenantSaid::Known(tenant) };
    check(claim, directory, now()).violations.iter().map(|found| (found.field, found.reason)).collect()
}

fn with(subscriptions: &[(u128, Subscription)]) -> TenantDirectory {
    let subscriptions = subscriptions.iter().map(|(n, subscription)| (subscription_id(*n), subscription.clone()));
    TenantDirectory { subscriptions: subscriptions.collect(), ..directory() }
}

#[test]
fn what_is_not_said_is_not_judged() {
    let catalog = catalog();
    let nobody = Directory { catalog: &catalog, partner: None, tenant: TenantSaid::Nothing };
    assert_eq!(check(&claim(&[]), nobody, now()), Findings::default());
    let drafted = check(&claim(&[("power-bi", None)]), nobody, now());
    assert_eq!((drafted.violations.len(), drafted.lines[0].key.clone()), (0, None));
}

#[test]
fn everything_wrong_is_said_at_once() {
    let claim = ClaimToCheck {
        mpn_id: Some(id("999")),
        customer_domain: Some("contoso.example".to_owned()),
        solution_area: Some(SolutionArea::BusinessApplications),
        ..claim(&[("teams", None), ("no-such", None), ("power-bi", Some("x")), ("power-apps", None)])
    };
    let expected = [
        (Field::MpnId, Reason::LocationNotOfPartner),
        (Field::CustomerDomain, Reason::DomainNotOfTenant),
        (Field::Product(0), Reason::ProductOfOtherSolutionArea),
        (Field::Product(1), Reason::ProductUnknown),
        (Field::Subscription(2), Reason::SubscriptionIdMalformed),
        (Field::Product(3), Reason::ProductNotOnTenant),
    ];
    assert_eq!(wrong(&claim, &directory()), expected);
}

#[test]
fn the_tenant_must_be_known() {
    let catalog = catalog();
    for (tenant, reason) in
        [(TenantSaid::Malformed, Reason::TenantIdMalformed), (TenantSaid::Unknown, Reason::TenantUnknown)]
    {
        let found = check(&claim(&[]), Directory { catalog: &catalog, partner: None, tenant }, now());
        assert_eq!(found.violations, [Violation { field: Field::TenantId, reason }]);
    }
}

#[test]
fn domains_compare_as_people_type_them() {
    let typed = |domain: &str| ClaimToCheck { customer_domain: Some(domain.to_owned()), ..claim(&[]) };
    assert_eq!(wrong(&typed(" Fabrikam.Example. "), &directory()), []);
    assert_eq!(wrong(&typed("a b"), &directory()), [(Field::CustomerDomain, Reason::DomainNotOfTenant)]);
}

#[test]
fn one_claimable_subscription_is_filled_in() {
    let (catalog, mut csp) = (catalog(), active("power-bi"));
    csp.channel = PurchaseChannel::Csp;
    let tenant = with(&[(1, csp), (2, active("power-bi")), (3, active("power-apps"))]);
    let directory = Directory { catalog: &catalog, partner: None, tenant: TenantSaid::Known(&tenant) };
    let found = check(&claim(&[("power-bi", None)]), directory, now());
    assert_eq!(found.violations, []);
    assert_eq!(found.lines[0].key, Some(AssociationKey::Subscription(subscription_id(2))));
    assert_eq!(found.lines[0].subscription_id, Some(subscription_id(2)));
}

#[test]
fn of_several_claimable_subscriptions_one_must_be_named() {
    let tenant = with(&[(1, active("power-bi")), (2, active("power-bi"))]);
    let expected = [(Field::Subscription(0), Reason::SubscriptionIdRequired)];
    assert_eq!(wrong(&claim(&[("power-bi", None)]), &tenant), expected);
    assert_eq!(wrong(&claim(&[("power-bi", Some(&subscription_id(2).to_string()))]), &tenant), []);
}

#[test]
fn each_obstacle_has_its_reason_named_or_filled_in() {
    let cases = [
        (PurchaseChannel::VolumeLicensing, SubscriptionStatus::InGrace, &[][..]),
        (PurchaseChannel::WebDirect, SubscriptionStatus::Expired, &[Reason::SubscriptionExpired]),
        (PurchaseChannel::WebDirect, SubscriptionStatus::NotProvisioned, &[Reason::SubscriptionNotProvisioned]),
        (PurchaseChannel::WebDirect, SubscriptionStatus::Suspended, &[Reason::SubscriptionSuspended]),
        (
            PurchaseChannel::Csp,
            SubscriptionStatus::Expired,
            &[Reason::SubscriptionBoughtThroughCsp, Reason::SubscriptionExpired],
        ),
    ];
    for (channel, status, reasons) in cases {
        let tenant = with(&[(1, Subscription { channel, status, ..active("power-bi") })]);
        let expected: Vec<_> = reasons.iter().map(|reason| (Field::Subscription(0), *reason)).collect();
        assert_eq!(wrong(&claim(&[("power-bi", Some(&subscription_id(1).to_string()))]), &tenant), expected);
        assert_eq!(wrong(&claim(&[("power-bi", None)]), &tenant), expected);
    }
}

#[test]
fn a_named_subscription_must_be_the_products_and_the_tenants() {
    let tenant = with(&[(1, active("power-bi")), (2, active("power-apps")), (3, active("teams"))]);
    let named = |n| wrong(&claim(&[("power-bi", Some(&subscription_id(n).to_string()))]), &tenant);
    assert_eq!(named(2), [(Field::Subscription(0), Reason::SubscriptionOfOtherProduct)]);
    assert_eq!(named(3), [(Field::Subscription(0), Reason::SubscriptionNotBusinessApplications)]);
    assert_eq!(named(4), [(Field::Subscription(0), Reason::SubscriptionNotOnTenant)]);
}

#[test]
fn a_workload_is_the_tenants_and_has_no_subscription() {
    let id = subscription_id(1).to_string();
    let claim = claim(&[("teams", Some(&id)), ("intune", None), ("teams", None)]);
    let expected =
        [(Field::Subscription(0), Reason::SubscriptionIdNotAllowed), (Field::Product(1), Reason::ProductNotOnTenant)];
    assert_eq!(wrong(&claim, &directory()), expected);
}

#[test]
fn a_product_is_claimed_in_its_time_only() {
    let (catalog, tenant) = (catalog(), directory());
    let directory = Directory { catalog: &catalog, partner: None, tenant: TenantSaid::Known(&tenant) };
    let found = check(&claim(&[("teams", None)]), directory, crate::domain::examples::at("2001-01-01T00:00:00Z"));
    assert_eq!(found.violations, [Violation { field: Field::Product(0), reason: Reason::ProductNotClaimable }]);
}
