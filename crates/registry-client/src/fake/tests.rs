use cpor_types::{Activity, ClaimId, LineId, ProductFamily, Service, SolutionArea};
use uuid::Uuid;

use super::*;
use crate::LineToHold;

fn registry() -> FakeRegistry {
    let product = Product {
        id: "power-bi".parse().unwrap(),
        display_name: "Power BI".to_owned(),
        solution_area: SolutionArea::BusinessApplications,
        family: ProductFamily::PowerBi,
        kind: ProductKind::Subscription,
        incentivized: true,
    };
    let subscription = SubscriptionId(Uuid::from_u128(1));
    FakeRegistry::default().product(product.clone()).tenant(tenant()).subscription(
        tenant().id,
        subscription,
        product.id,
    )
}

fn tenant() -> Tenant {
    Tenant {
        id: Uuid::from_u128(7).into(),
        display_name: "Fabrikam".to_owned(),
        region: "emea".to_owned(),
        domains: vec!["fabrikam.example".parse().unwrap()],
        calendar: "cz".to_owned(),
    }
}

/// A request of a partner to hold subscription 1 with decision and claim `n`.
fn hold(partner: &str, n: u128) -> HoldRequest {
    HoldRequest {
        decision_id: Uuid::from_u128(n).into(),
        review_case: Uuid::from_u128(n).into(),
        claim: ClaimName { partner: partner.parse().unwrap(), claim: ClaimId(Uuid::from_u128(n)) },
        mpn_id: "100".parse().unwrap(),
        tenant: tenant().id,
        customer_domain: "fabrikam.example".to_owned(),
        solution_area: SolutionArea::BusinessApplications,
        activities: vec![Activity::Usage],
        lines: vec![LineToHold {
            line_id: LineId(Uuid::from_u128(n)),
            product: "power-bi".parse().unwrap(),
            key: AssociationKey::Subscription(Uuid::from_u128(1).into()),
        }],
        submit_time: Timestamp::UNIX_EPOCH,
        revenue_association_exclusive: false,
    }
}

#[tokio::test]
async fn keys_are_exclusive_and_decisions_idempotent() {
    let (registry, actor) = (registry(), Actor::system(Service::PoeReview));
    let (first, second) = (hold("contoso", 1), hold("litware", 2));
    assert_eq!(registry.place_hold(&actor, first.clone()).await, Ok(HoldOutcome::Held));
    let refused = registry.place_hold(&actor, second.clone()).await.unwrap();
    assert!(
        matches!(&refused, HoldOutcome::Refused(refusals) if refusals[0].reason == RegistryReason::KeyHeld),
        "{refused:?}"
    );
    registry.close(&first.claim);
    assert_eq!(registry.held_by(&first.claim), []);
    assert_eq!(registry.place_hold(&actor, second).await, Ok(refused));
    assert_eq!(registry.place_hold(&actor, hold("litware", 3)).await, Ok(HoldOutcome::Held));
}

#[tokio::test]
async fn it_checks_existence_and_can_be_down() {
    let (registry, actor) = (registry(), Actor::system(Service::ClaimIntake));
    let claim = ClaimToCheck {
        partner: "contoso".parse().unwrap(),
        mpn_id: Some("100".parse().unwrap()),
        tenant_id: Some(tenant().id.to_string()),
        customer_domain: Some("litware.example".to_owned()),
        submitted: None,
        suggest_lines: false,
        solution_area: None,
        lines: vec![LineToCheck {
            line_id: LineId(Uuid::nil()),
            product: "power-bi".parse().unwrap(),
            subscription_id: None,
        }],
    };
    let found = registry.check_claim(&actor, claim.clone()).await.unwrap();
    let violations: Vec<_> =
        found.violations.iter().map(|violation| (violation.field.as_str(), violation.reason)).collect();
    assert_eq!(
        violations,
        [("mpn_id", RegistryReason::LocationNotOfPartner), ("customer_domain", RegistryReason::DomainNotOfTenant)]
    );
    assert_eq!((found.tenant, found.lines[0].subscription_id), (None, None));
    let own_domain = ClaimToCheck { customer_domain: Some("fabrikam.example".to_owned()), ..claim.clone() };
    let found = registry.check_claim(&actor, own_domain).await.unwrap();
    assert_eq!(found.lines[0].subscription_id, Some(Uuid::from_u128(1).into()));
    registry.simulate_outage();
    assert!(matches!(registry.check_claim(&actor, claim.clone()).await, Err(RegistryError::Unavailable(_))));
    registry.end_outage();
    assert!(registry.check_claim(&actor, claim).await.is_ok());
}

#[tokio::test]
async fn usage_is_accessible_while_official() {
    let (registry, actor) = (registry(), Actor::system(Service::Eligibility));
    let first = hold("contoso", 1);
    let key = TenantKey { tenant: tenant().id, key: first.lines[0].key.clone() };
    let partner = first.claim.partner.clone();
    registry.place_hold(&actor, first.clone()).await.unwrap();
    assert_eq!(registry.check_usage_access(&actor, &partner, &key).await, Ok(None));
    registry.make_official(&first.claim, Timestamp::UNIX_EPOCH);
    assert_eq!(registry.check_usage_access(&actor, &partner, &key).await, Ok(Some(Timestamp::UNIX_EPOCH)));
}
