//! Parses the rows of an import into the directory, which is the registry's data about partners and
//! customers (tenants). An MPN id is the Microsoft Partner Network id of a location.
use std::collections::{BTreeMap, BTreeSet};

use chrono::Days;
use cpor_bulk_rows::storable_time;
use cpor_proto::WireEnum as _;
use cpor_proto::registry::v1::directory_row::Row as WireRow;
use cpor_proto::registry::v1::{self as wire, DirectoryRow, ErrorReason};
use cpor_types::{
    Calendars, DomainName, MailLanguage, MpnId, PartnerName, ProductId, ProductKind, ProductName, Program,
    SubscriptionName, TenantName, WorkloadName,
};
use tonic::{Code, Status};

use super::super::{Api, convert, error};
use crate::domain::catalog::{Catalog, Product};
use crate::domain::directory::{
    Enrollment, Location, PartnerProfile, PurchaseChannel, Subscription, SubscriptionStatus, TenantProfile,
};
use crate::domain::snapshot::{Row, TenantRow};

/// Parses a row that already satisfies the constraints in the proto.
pub(super) fn parse(row: DirectoryRow, api: &Api) -> Result<Row, Status> {
    match row.row {
        None => Err(error::invalid_field("row", "must be set")),
        Some(WireRow::Partner(row)) => parse_partner(row, &api.calendars),
        Some(WireRow::Tenant(row)) => parse_tenant(row, &api.calendars),
        Some(WireRow::Subscription(row)) => parse_subscription(row, &api.catalog, api.grace),
        Some(WireRow::Workload(row)) => parse_workload(&row, &api.catalog),
    }
}

fn parse_partner(row: wire::Partner, calendars: &Calendars) -> Result<Row, Status> {
    let PartnerName { partner } = row.name.parse().map_err(error::malformed_field("partner.name"))?;
    let mut locations = BTreeMap::new();
    for (index, location) in row.locations.into_iter().enumerate() {
        let field = format!("partner.locations[{index}].mpn_id");
        let mpn_id: MpnId = location.mpn_id.parse().map_err(error::malformed_field(&field))?;
        let end_field = format!("partner.locations[{index}].end_time");
        let location = Location {
            region: location.region,
            calendar: check_calendar(location.calendar, calendars)?,
            end_time: location.end_time.map(|end| convert::parse_timestamp(&end_field, end)).transpose()?,
            language: parse_language(&location.language_code, &format!("partner.locations[{index}].language_code"))?,
        };
        if locations.insert(mpn_id, location).is_some() {
            return Err(error::invalid_field(&field, "must not be listed more than once"));
        }
    }
    let enrollments = row
        .enrollments
        .into_iter()
        .enumerate()
        .map(|(index, row)| parse_enrollment(row, &format!("partner.enrollments[{index}]")));
    let profile = PartnerProfile {
        display_name: row.display_name,
        locations,
        enrollments: enrollments.collect::<Result<_, _>>()?,
    };
    Ok(Row::Partner(partner, profile))
}

/// Parses an enrollment. `field` is its path in the row.
fn parse_enrollment(row: wire::Enrollment, field: &str) -> Result<Enrollment, Status> {
    let program = Program::from_number(row.program).map_err(error::unknown_value(&format!("{field}.program")))?;
    let start = row.start_time.ok_or_else(|| error::invalid_field(&format!("{field}.start_time"), "must be set"))?;
    let start_time = convert::parse_timestamp(&format!("{field}.start_time"), start)?;
    let end_time = row.end_time.map(|end| convert::parse_timestamp(&format!("{field}.end_time"), end)).transpose()?;
    if end_time.is_some_and(|end_time| end_time <= start_time) {
        return Err(error::invalid_field(&format!("{field}.end_time"), "must be after start_time"));
    }
    Ok(Enrollment { program, start_time, end_time })
}

fn parse_tenant(row: wire::Tenant, calendars: &Calendars) -> Result<Row, Status> {
    let TenantName { tenant } = row.name.parse().map_err(error::malformed_field("tenant.name"))?;
    let domain = |(index, domain): (usize, &String)| {
        domain.parse::<DomainName>().map_err(error::malformed_field(&format!("tenant.domains[{index}]")))
    };
    let domains = row.domains.iter().enumerate().map(domain).collect::<Result<BTreeSet<_>, _>>()?;
    let mut domain_ends = BTreeMap::new();
    for (index, end) in row.domain_ends.into_iter().enumerate() {
        let field = format!("tenant.domain_ends[{index}]");
        let domain: DomainName = end.domain.parse().map_err(error::malformed_field(&format!("{field}.domain")))?;
        if !domains.contains(&domain) {
            return Err(error::invalid_field(&format!("{field}.domain"), "must be one of the domains"));
        }
        let end_time = end.end_time.ok_or_else(|| error::invalid_field(&format!("{field}.end_time"), "must be set"))?;
        let end_time = convert::parse_timestamp(&format!("{field}.end_time"), end_time)?;
        if domain_ends.insert(domain, end_time).is_some() {
            return Err(error::invalid_field(&format!("{field}.domain"), "must not be listed more than once"));
        }
    }
    let calendar = check_calendar(row.calendar, calendars)?;
    let profile = TenantProfile { display_name: row.display_name, region: row.region, calendar, domains, domain_ends };
    Ok(Row::Tenant(tenant, TenantRow::Profile(profile)))
}

fn parse_subscription(row: wire::Subscription, catalog: &Catalog, grace: Days) -> Result<Row, Status> {
    let name: SubscriptionName = row.name.parse().map_err(error::malformed_field("subscription.name"))?;
    let ProductName { product } = row.product.parse().map_err(error::malformed_field("subscription.product"))?;
    find_product(&product, catalog)?;
    let status = SubscriptionStatus::from_number(row.status).map_err(error::unknown_value("subscription.status"))?;
    let channel = PurchaseChannel::from_number(row.channel).map_err(error::unknown_value("subscription.channel"))?;
    let purchased =
        row.purchase_time.ok_or_else(|| error::invalid_field("subscription.purchase_time", "must be set"))?;
    let purchase_time = convert::parse_timestamp("subscription.purchase_time", purchased)?;
    let end_time = row.end_time.map(|end| convert::parse_timestamp("subscription.end_time", end)).transpose()?;
    // The subscription expires after its end and the grace period. If that time is too late to be
    // represented, the subscription does not expire.
    let expire_time = end_time.and_then(|end| end.checked_add_days(grace)).map(storable_time);
    let subscription = Subscription { product, status, channel, purchase_time, end_time, expire_time };
    Ok(Row::Tenant(name.tenant, TenantRow::Subscription(name.subscription, subscription)))
}

fn parse_workload(row: &wire::Workload, catalog: &Catalog) -> Result<Row, Status> {
    let name: WorkloadName = row.name.parse().map_err(error::malformed_field("workload.name"))?;
    let end_time = row.end_time.map(|end| convert::parse_timestamp("workload.end_time", end)).transpose()?;
    match find_product(&name.product, catalog)?.kind {
        ProductKind::Workload => Ok(Row::Tenant(name.tenant, TenantRow::Workload(name.product, end_time))),
        ProductKind::Subscription => Err(error::invalid_field(
            "workload.name",
            "must name a workload, not a product that is sold by subscription",
        )),
    }
}

/// Returns the product with this id, or a status when the catalog does not contain it.
fn find_product<'a>(product: &ProductId, catalog: &'a Catalog) -> Result<&'a Product, Status> {
    let message = || format!("products/{product} is not in the catalog");
    catalog
        .get(product)
        .ok_or_else(|| error::with_reason(Code::InvalidArgument, ErrorReason::ProductUnknown, message()))
}

/// Parses a language code, which may be empty. `field` is its path in the row.
fn parse_language(code: &str, field: &str) -> Result<Option<MailLanguage>, Status> {
    let code = Some(code).filter(|code| !code.is_empty());
    code.map(str::parse::<MailLanguage>).transpose().map_err(|malformed| {
        let message = format!("{field}: {malformed}");
        error::with_reason(Code::InvalidArgument, ErrorReason::LanguageUnknown, message)
    })
}

/// Returns the calendar id itself if such a calendar exists, or a status.
fn check_calendar(calendar: String, calendars: &Calendars) -> Result<String, Status> {
    if calendars.contains(&calendar) {
        return Ok(calendar);
    }
    let message = format!("the calendar `{calendar}` does not exist");
    Err(error::with_reason(Code::InvalidArgument, ErrorReason::CalendarUnknown, message))
}
