use super::*;
use crate::domain::directory::Location;
use crate::domain::fixtures::{directory, id, partner};

fn company(name: &str, mpn_ids: &[&str]) -> Row {
    let location = Location { region: "emea".to_owned(), calendar: "de".to_owned(), end_time: None, language: None };
    let locations = mpn_ids.iter().map(|mpn_id| (id(mpn_id), location.clone())).collect();
    Row::Partner(id(name), PartnerProfile { locations, ..partner() })
}

fn tenant_id(n: u128) -> TenantId {
    uuid::Uuid::from_u128(n).into()
}

fn customer(n: u128, domains: &[&str]) -> Row {
    let domains = domains.iter().map(|domain| id(domain)).collect();
    Row::Tenant(tenant_id(n), TenantRow::Profile(TenantProfile { domains, ..directory().profile }))
}

fn workload(n: u128) -> Row {
    Row::Tenant(tenant_id(n), TenantRow::Workload(id("teams"), None))
}

/// The refusals of the rows, which do not depend on the order of the rows.
fn refusals(rows: &[Row], stored: &[Row]) -> Vec<Option<RowRefusal>> {
    let mut known = KnownResources::default();
    for row in stored {
        match row {
            Row::Partner(id, profile) => {
                known.partners.insert(id.clone());
                known.mpn_ids.extend(profile.locations.keys().map(|mpn_id| (mpn_id.clone(), id.clone())));
            }
            Row::Tenant(id, TenantRow::Profile(profile)) => {
                known.tenants.insert(*id);
                known.domains.extend(profile.domains.iter().map(|domain| (domain.clone(), *id)));
            }
            Row::Tenant(..) => {}
        }
    }
    let judge = |rows: Vec<Row>| {
        let mut refused = refused_rows(&rows.iter().cloned().enumerate().collect(), &known);
        (0..rows.len()).map(|index| refused.remove(&index)).collect::<Vec<_>>()
    };
    let found = judge(rows.to_vec());
    let mut reversed = judge(rows.iter().rev().cloned().collect());
    reversed.reverse();
    assert_eq!(found, reversed);
    found
}

#[test]
fn r2a_companies_merge_and_domains_swap() {
    let stored = [company("northwind", &["1"]), company("contoso", &["2"]), customer(1, &["a.example"])];
    assert_eq!(refusals(&[company("northwind", &[]), company("contoso", &["1", "2"])], &stored), [None, None]);
    let stored: Vec<_> =
        (1..=3).map(|n| customer(n, &[["a.example", "b.example", "c.example"][n as usize - 1]])).collect();
    let chain = [customer(1, &["b.example"]), customer(2, &["c.example"]), customer(3, &["a.example"])];
    assert_eq!(refusals(&chain, &stored), [None, None, None]);
}

#[test]
fn r2a_a_refused_row_keeps_what_its_resource_has() {
    let stored = [customer(1, &["a.example"]), customer(2, &["b.example"]), customer(3, &["c.example"])];
    let rows = [customer(1, &["b.example"]), customer(2, &["c.example"])];
    let taken = |domain| Some(RowRefusal::DomainTaken(id(domain)));
    assert_eq!(refusals(&rows, &stored), [taken("b.example"), taken("c.example")]);
}

#[test]
fn r2a_each_of_two_contradictory_rows_is_refused() {
    let shared = |other: u128| {
        Some(RowRefusal::SharedWith {
            shared_value: "a.example".to_owned(),
            other_resource: format!("tenants/{}", tenant_id(other)),
        })
    };
    let rows = [customer(1, &["a.example"]), customer(2, &["a.example", "b.example"]), customer(3, &["c.example"])];
    assert_eq!(refusals(&rows, &[]), [shared(2), shared(1), None]);
    let rows = [customer(1, &["a.example"]), customer(1, &["b.example"]), workload(1), workload(1)];
    let unknown = || Some(RowRefusal::TenantUnknown(tenant_id(1)));
    let different = || Some(RowRefusal::DescribedDifferently);
    assert_eq!(refusals(&rows, &[]), [different(), different(), unknown(), unknown()]);
}

#[test]
fn r2a_a_workload_can_come_before_its_tenant() {
    assert_eq!(refusals(&[workload(1), customer(1, &["a.example"])], &[]), [None, None]);
    assert_eq!(refusals(&[workload(1)], &[]), [Some(RowRefusal::TenantUnknown(tenant_id(1)))]);
}

#[test]
fn r1_a_new_partner_has_a_location() {
    assert_eq!(refusals(&[company("northwind", &[])], &[]), [Some(RowRefusal::NoLocation)]);
}
