//! Converts the payloads of the registry's events to domain types. An association is official when
//! the partner is on record for workloads or subscriptions of the tenant. An event that cannot be
//! converted parks its stream (the ordered events about one tenant, partner or claim): no more
//! events of the stream are applied until an operator acts.
use std::{fmt::Display, str::FromStr};

use cpor_durable::{AggregateKey, ReceiveError};
use cpor_proto::WireEnum;
use cpor_proto::events::v1 as wire;
use cpor_proto::wire_time::from_wire_time;
use cpor_types::{
    Activity, ClaimName, LineId, PartnerId, PartnerName, ProductName, PurchaseChannel, SubscriptionStatus, TenantId,
    TenantName, Timestamp,
};

use crate::{
    domain::{AssociationFacts, CatalogFacts, Enrollment, LineFacts, PartnerFacts, PartnerRecord, SubscriptionFacts},
    store,
};

/// Returns the facts about an association that became official.
pub(super) fn association_facts(event: &wire::AssociationBecameOfficial) -> Result<AssociationFacts, ReceiveError> {
    Ok(AssociationFacts {
        claim: parse::<ClaimName>("claim", &event.claim)?.into(),
        tenant: parse_tenant(&event.tenant)?,
        tenant_region: event.tenant_region.clone(),
        solution_area: parse_enum(event.solution_area)?,
        activities: Activity::from_numbers(&event.activities).map_err(ReceiveError::park)?,
        lines: event.lines.iter().map(line_facts).collect::<Result<_, _>>()?,
        partner: partner_facts(event.partner.as_ref().ok_or_else(|| missing("partner"))?)?,
        submit_time: parse_time("submit_time", event.submit_time.as_ref())?,
        official_time: parse_time("official_time", event.official_time.as_ref())?,
    })
}

fn line_facts(facts: &wire::LineFacts) -> Result<LineFacts, ReceiveError> {
    let subscription = facts.subscription.as_ref().map(|facts| subscription_facts(Some(facts)));
    Ok(LineFacts {
        line: parse("line_id", &facts.line_id)?,
        key: parse("key", &facts.key)?,
        product: parse::<ProductName>("product", &facts.product)?.product,
        is_incentivized: facts.incentivized,
        subscription: subscription.transpose()?,
        end: None,
    })
}

/// Returns the facts about a subscription. The conditions of guides compare the names of status and
/// channel.
pub(super) fn subscription_facts(facts: Option<&wire::SubscriptionFacts>) -> Result<SubscriptionFacts, ReceiveError> {
    let facts = facts.ok_or_else(|| missing("subscription"))?;
    Ok(SubscriptionFacts {
        id: parse("subscription_id", &facts.subscription_id)?,
        status: parse_enum::<SubscriptionStatus>(facts.status)?.to_string(),
        channel: parse_enum::<PurchaseChannel>(facts.channel)?.to_string(),
        purchase_time: parse_time("purchase_time", facts.purchase_time.as_ref())?,
        end_time: facts.end_time.as_ref().map(|end| parse_time("end_time", Some(end))).transpose()?,
    })
}

fn partner_facts(facts: &wire::PartnerFacts) -> Result<PartnerFacts, ReceiveError> {
    Ok(PartnerFacts {
        mpn_id: facts.mpn_id.clone(),
        location_region: facts.location_region.clone(),
        enrollments: enrollments(&facts.enrollments)?,
    })
}

/// Returns the id of the changed partner, and its record.
pub(super) fn partner_record(event: &wire::PartnerChanged) -> Result<(PartnerId, PartnerRecord), ReceiveError> {
    let record = PartnerRecord {
        regions: event.location_regions.clone().into_iter().collect(),
        enrollments: enrollments(&event.enrollments)?,
    };
    Ok((parse::<PartnerName>("partner", &event.partner)?.partner, record))
}

fn enrollments(facts: &[wire::EnrollmentFacts]) -> Result<Vec<Enrollment>, ReceiveError> {
    let enrollment = |facts: &wire::EnrollmentFacts| {
        Ok(Enrollment {
            program: parse_enum(facts.program)?,
            start_time: parse_time("start_time", facts.start_time.as_ref())?,
            end_time: facts.end_time.as_ref().map(|end| parse_time("end_time", Some(end))).transpose()?,
        })
    };
    facts.iter().map(enrollment).collect()
}

/// Returns, for each product of the catalog, whether partners are paid for it.
pub(super) fn catalog_facts(event: &wire::CatalogChanged) -> Result<CatalogFacts, ReceiveError> {
    let product =
        |facts: &wire::ProductFacts| Ok((parse::<ProductName>("product", &facts.product)?.product, facts.incentivized));
    event.products.iter().map(product).collect::<Result<_, _>>().map(CatalogFacts)
}

/// Returns the lines (the claim's parts about one workload or subscription each) whose associations
/// ended; empty if the claim has no association left.
pub(super) fn ended_lines(event: &wire::AssociationEnded) -> Result<Vec<LineId>, ReceiveError> {
    let line_ids = event.line_ids.iter().filter(|_| !event.none_left);
    line_ids.map(|line| parse("line_ids", line)).collect()
}

/// Returns the storage key of a claim's assessment, from the resource names of the tenant and the
/// claim.
pub(super) fn assessment_key(tenant: &str, claim: &str) -> Result<AggregateKey, ReceiveError> {
    Ok(store::assessment_key(parse_tenant(tenant)?, parse::<ClaimName>("claim", claim)?.claim))
}

fn parse_tenant(name: &str) -> Result<TenantId, ReceiveError> {
    Ok(parse::<TenantName>("tenant", name)?.tenant)
}

/// Converts the number of an enum value.
pub(super) fn parse_enum<T: WireEnum>(number: i32) -> Result<T, ReceiveError> {
    T::from_number(number).map_err(ReceiveError::park)
}

fn parse<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, ReceiveError> {
    text.parse().map_err(|malformed| ReceiveError::park(format_args!("{field}: {malformed}")))
}

fn parse_time(field: &str, time: Option<&prost_types::Timestamp>) -> Result<Timestamp, ReceiveError> {
    time.copied().and_then(from_wire_time).ok_or_else(|| missing(field))
}

fn missing(field: &str) -> ReceiveError {
    ReceiveError::park(format_args!("{field} is missing or out of range"))
}
