//! Directory rows, and hold requests for claims about them.
use cpor_proto::registry::v1::directory_row::Row;
use cpor_proto::{
    registry::v1::{DirectoryRow, Location, Partner, Subscription, Tenant, Workload},
    r#type::v1::{PurchaseChannel, SubscriptionStatus},
};
use cpor_registry_client::{HoldRequest, LineToHold};
use cpor_types::{
    Activity, AssociationKey, ClaimId, ClaimName, DecisionId, LineId, SolutionArea, SubscriptionId, TenantId, Timestamp,
};
use uuid::Uuid;

/// The id of the tenant of most tests.
pub(crate) const TENANT: &str = "0a1b2c3d-0000-4000-8000-000000000001";

pub(crate) fn tenant_id() -> TenantId {
    TENANT.parse().unwrap()
}

/// Parses a time.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn to_wire(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: time.timestamp(), nanos: time.timestamp_subsec_nanos().cast_signed() }
}

pub(crate) fn partner(id: &str, mpn_id: &str) -> DirectoryRow {
    let location = Location {
        mpn_id: mpn_id.to_owned(),
        region: "emea".to_owned(),
        calendar: "de".to_owned(),
        ..Default::default()
    };
    row(Row::Partner(Partner {
        name: format!("partners/{id}"),
        display_name: format!("The {id} company"),
        locations: vec![location],
        enrollments: Vec::new(),
    }))
}

pub(crate) fn tenant(id: &str, domain: &str) -> DirectoryRow {
    row(Row::Tenant(Tenant {
        name: format!("tenants/{id}"),
        display_name: "Fabrikam".to_owned(),
        region: "emea".to_owned(),
        domains: vec![domain.to_owned()],
        calendar: "cz".to_owned(),
        domain_ends: Vec::new(),
    }))
}

pub(crate) fn subscription(n: u128, status: SubscriptionStatus) -> DirectoryRow {
    row(Row::Subscription(Subscription {
        name: format!("tenants/{TENANT}/subscriptions/{}", subscription_id(n)),
        product: "products/power-bi".to_owned(),
        status: status.into(),
        channel: PurchaseChannel::WebDirect.into(),
        purchase_time: Some(to_wire(at("2026-01-10T00:00:00Z"))),
        end_time: None,
    }))
}

pub(crate) fn workload(product: &str) -> DirectoryRow {
    row(Row::Workload(Workload { name: format!("tenants/{TENANT}/workloads/{product}"), end_time: None }))
}

fn row(row: Row) -> DirectoryRow {
    DirectoryRow { row: Some(row) }
}

pub(crate) fn subscription_id(n: u128) -> SubscriptionId {
    SubscriptionId(Uuid::from_u128(n))
}

/// The rows of the partners Contoso and Litware, and of a tenant with Teams and this number of
/// active Power BI subscriptions.
pub(crate) fn directory_rows(subscriptions: u128) -> Vec<DirectoryRow> {
    let mut rows = vec![partner("contoso", "100"), partner("litware", "200"), tenant(TENANT, "fabrikam.example")];
    rows.extend((1..=subscriptions).map(|n| subscription(n, SubscriptionStatus::Active)));
    rows.push(workload("teams"));
    rows
}

pub(crate) fn claim(partner: &str, n: u128) -> ClaimName {
    ClaimName { partner: partner.parse().unwrap(), claim: ClaimId(Uuid::from_u128(n)) }
}

/// A request with the decision id `n` to hold these subscriptions for usage.
pub(crate) fn hold(claim: &ClaimName, n: u128, subscriptions: &[u128]) -> HoldRequest {
    let line = |n: &u128| LineToHold {
        line_id: LineId(Uuid::from_u128(claim.claim.0.as_u128() * 1_000_000 + n)),
        product: "power-bi".parse().unwrap(),
        key: AssociationKey::Subscription(subscription_id(*n)),
    };
    HoldRequest {
        decision_id: DecisionId(Uuid::from_u128(n)),
        review_case: Uuid::from_u128(n).into(),
        claim: claim.clone(),
        mpn_id: if claim.partner.as_str() == "contoso" { "100" } else { "200" }.parse().unwrap(),
        tenant: tenant_id(),
        customer_domain: "fabrikam.example".to_owned(),
        solution_area: SolutionArea::BusinessApplications,
        activities: vec![Activity::Usage],
        lines: subscriptions.iter().map(line).collect(),
        submit_time: at("2026-02-20T09:00:00Z"),
        revenue_association_exclusive: false,
    }
}
