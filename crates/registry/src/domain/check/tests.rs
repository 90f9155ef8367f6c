use super::*;
use crate::domain::fixtures::{DOMAIN, MPN_ID, active, catalog, directory, id, now, partner, subscription_id};

fn claim(lines: &[(&str, Option<&str>)]) -> ClaimToCheck {
    let line = |(product, subscription): &(&str, Option<&str>)| LineToCheck {
        product: product.parse().ok(),
        subscription_id: subscription.map(str::to_owned),
    };
    ClaimToCheck {
        mpn_id: None,
        customer_domain: Some(DOMAIN.to_owned()),
        solution_area: None,
        lines: lines.iter().map(line).collect(),
        keeps_location: false,
        keeps_domain: false,
    }
}

fn violations(claim: &ClaimToCheck, tenant: &TenantDirectory) -> Vec<(ClaimField, Reason)> {
    let (catalog, partner) = (catalog(), partner());
    let directory = Directory { catalog: &catalog, partner: Some(&partner), tenant: TenantLookup::Found(tenant) };
    check(claim, directory, now()).violations.iter().map(|found| (found.field, found.reason)).collect()
}

fn tenant_with(subscriptions: &[(u128, Subscription)]) -> TenantDirectory {
    let subscriptions = subscriptions.iter().map(|(n, subscription)| (subscription_id(*n), subscription.clone()));
    TenantDirectory { subscriptions: subscriptions.collect(), ..directory() }
}

#[test]
fn fields_that_are_not_set_are_not_checked() {
    let catalog = catalog();
    let nothing_known = Directory { catalog: &catalog, partner: None, tenant: TenantLookup::NotNamed };
    assert_eq!(check(&claim(&[]), nothing_known, now()), Findings::default());
    let findings = check(&claim(&[("power-bi", None)]), nothing_known, now());
    assert_eq!((findings.violations.len(), findings.lines[0].key.clone()), (0, None));
}

#[test]
fn all_violations_are_reported_at_once() {
    let claim = ClaimToCheck {
        mpn_id: Some(id("999")),
        solution_area: Some(SolutionArea::BusinessApplications),
        ..claim(&[("teams", None), ("no-such", None), ("power-bi", Some("x")), ("power-apps", None)])
    };
    let expected = [
        (ClaimField::MpnId, Reason::LocationNotOfPartner),
        (ClaimField::Product(0), Reason::ProductOfOtherSolutionArea),
        (ClaimField::Product(1), Reason::ProductUnknown),
        (ClaimField::Subscription(2), Reason::SubscriptionIdMalformed),
        (ClaimField::Product(3), Reason::ProductNotOnTenant),
    ];
    assert_eq!(violations(&claim, &directory()), expected);
}

#[test]
fn r12a_nothing_is_judged_without_an_own_domain() {
    let (catalog, tenant) = (catalog(), directory());
    let subscription = subscription_id(1).to_string();
    let lines = [("power-bi", None), ("power-bi", Some(subscription.as_str())), ("intune", None)];
    for (customer_domain, reasons) in [(None, &[][..]), (Some("contoso.example"), &[Reason::DomainNotOfTenant])] {
        let claim = ClaimToCheck { customer_domain: customer_domain.map(str::to_owned), ..claim(&lines) };
        let directory = Directory { catalog: &catalog, partner: None, tenant: TenantLookup::Found(&tenant) };
        let found = check(&claim, directory, now());
        assert_eq!(found.violations.iter().map(|violation| violation.reason).collect::<Vec<_>>(), reasons);
        assert_eq!((found.names_own_domain, found.lines[0].subscription_id), (false, None));
    }
}

#[test]
fn r2a_a_submitted_claim_keeps_location_and_domain() {
    let claim = ClaimToCheck {
        mpn_id: Some(id("999")),
        customer_domain: Some("contoso.example".to_owned()),
        keeps_location: true,
        keeps_domain: true,
        ..claim(&[("intune", None)])
    };
    let (catalog, partner, tenant) = (catalog(), partner(), directory());
    let directory = Directory { catalog: &catalog, partner: Some(&partner), tenant: TenantLookup::Found(&tenant) };
    let found = check(&claim, directory, now());
    let reasons = |found: &[Violation]| found.iter().map(|found| found.reason).collect::<Vec<_>>();
    assert_eq!(reasons(&found.changes), [Reason::LocationNotOfPartner, Reason::DomainNotOfTenant]);
    assert_eq!(reasons(&found.violations), [Reason::ProductNotOnTenant]);
}

#[test]
fn r2a_ended_locations_domains_and_workloads_do_not_count() {
    let (mut partner, mut tenant, catalog) = (partner(), directory(), catalog());
    let reasons = |partner: &PartnerProfile, tenant: &TenantDirectory, domain| {
        let claim = ClaimToCheck { mpn_id: Some(id(MPN_ID)), customer_domain: domain, ..claim(&[("teams", None)]) };
        let directory = Directory { catalog: &catalog, partner: Some(partner), tenant: TenantLookup::Found(tenant) };
        check(&claim, directory, now()).violations.iter().map(|found| found.reason).collect::<Vec<_>>()
    };
    let domain = || Some(DOMAIN.to_owned());
    assert_eq!(reasons(&partner, &tenant, domain()), []);
    partner.locations.values_mut().for_each(|location| location.end_time = Some(now()));
    tenant.workloads.insert(id("teams"), Some(now()));
    assert_eq!(reasons(&partner, &tenant, domain()), [Reason::LocationNotOfPartner, Reason::ProductNotOnTenant]);
    tenant.profile.domain_ends.insert(id(DOMAIN), now());
    assert_eq!(reasons(&partner, &tenant, domain()), [Reason::LocationNotOfPartner, Reason::DomainNotOfTenant]);
}

#[test]
fn the_tenant_must_be_known() {
    let catalog = catalog();
    for (tenant, reason) in
        [(TenantLookup::Malformed, Reason::TenantIdMalformed), (TenantLookup::Unknown, Reason::TenantUnknown)]
    {
        let found = check(&claim(&[]), Directory { catalog: &catalog, partner: None, tenant }, now());
        assert_eq!(found.violations, [Violation { field: ClaimField::TenantId, reason }]);
    }
}

#[test]
fn entered_domains_are_normalised() {
    let with_domain = |domain: &str| ClaimToCheck { customer_domain: Some(domain.to_owned()), ..claim(&[]) };
    assert_eq!(violations(&with_domain(" Fabrikam.Example. "), &directory()), []);
    assert_eq!(
        violations(&with_domain("a b"), &directory()),
        [(ClaimField::CustomerDomain, Reason::DomainNotOfTenant)]
    );
}

#[test]
fn one_claimable_subscription_is_filled_in() {
    let (catalog, mut csp) = (catalog(), active("power-bi"));
    csp.channel = PurchaseChannel::Csp;
    let tenant = tenant_with(&[(1, csp), (2, active("power-bi")), (3, active("power-apps"))]);
    let directory = Directory { catalog: &catalog, partner: None, tenant: TenantLookup::Found(&tenant) };
    let found = check(&claim(&[("power-bi", None)]), directory, now());
    assert_eq!(found.violations, []);
    assert_eq!(found.lines[0].key, Some(AssociationKey::Subscription(subscription_id(2))));
    assert_eq!(found.lines[0].subscription_id, Some(subscription_id(2)));
}

#[test]
fn one_of_several_claimable_subscriptions_must_be_named() {
    let tenant = tenant_with(&[(1, active("power-bi")), (2, active("power-bi"))]);
    let expected = [(ClaimField::Subscription(0), Reason::SubscriptionIdRequired)];
    assert_eq!(violations(&claim(&[("power-bi", None)]), &tenant), expected);
    assert_eq!(violations(&claim(&[("power-bi", Some(&subscription_id(2).to_string()))]), &tenant), []);
}

#[test]
fn each_obstacle_of_a_subscription_has_its_reason() {
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
        let tenant = tenant_with(&[(1, Subscription { channel, status, ..active("power-bi") })]);
        let expected: Vec<_> = reasons.iter().map(|reason| (ClaimField::Subscription(0), *reason)).collect();
        assert_eq!(violations(&claim(&[("power-bi", Some(&subscription_id(1).to_string()))]), &tenant), expected);
        assert_eq!(violations(&claim(&[("power-bi", None)]), &tenant), expected);
    }
}

#[test]
fn a_named_subscription_must_match_product_and_tenant() {
    let tenant = tenant_with(&[(1, active("power-bi")), (2, active("power-apps")), (3, active("teams"))]);
    let named = |n| violations(&claim(&[("power-bi", Some(&subscription_id(n).to_string()))]), &tenant);
    assert_eq!(named(2), [(ClaimField::Subscription(0), Reason::SubscriptionOfOtherProduct)]);
    assert_eq!(named(3), [(ClaimField::Subscription(0), Reason::SubscriptionNotBusinessApplications)]);
    assert_eq!(named(4), [(ClaimField::Subscription(0), Reason::SubscriptionNotOnTenant)]);
}

#[test]
fn a_workload_needs_the_tenant_and_no_subscription() {
    let id = subscription_id(1).to_string();
    let claim = claim(&[("teams", Some(&id)), ("intune", None), ("teams", None)]);
    let expected = [
        (ClaimField::Subscription(0), Reason::SubscriptionIdNotAllowed),
        (ClaimField::Product(1), Reason::ProductNotOnTenant),
    ];
    assert_eq!(violations(&claim, &directory()), expected);
}

#[test]
fn a_product_must_be_claimable_at_the_time() {
    let (catalog, tenant) = (catalog(), directory());
    let directory = Directory { catalog: &catalog, partner: None, tenant: TenantLookup::Found(&tenant) };
    let found = check(&claim(&[("teams", None)]), directory, crate::domain::fixtures::at("2001-01-01T00:00:00Z"));
    assert_eq!(found.violations, [Violation { field: ClaimField::Product(0), reason: Reason::ProductNotClaimable }]);
}
