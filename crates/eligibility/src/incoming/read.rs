//! The registry's events in the words of the domain. What cannot be read parks the stream.
use std::{fmt::Display, str::FromStr};

use cpor_durable::{Key, ReceiveError};
use cpor_proto::events::v1 as wire;
use cpor_types::{
    ClaimName, LineId, PartnerId, PartnerName, ProductName, TenantId, TenantName, Timestamp, whole_micros,
};

use crate::{
    domain::{Enrolment, Line, Opening, Partner, PartnerRecord, Subscription},
    store,
};

/// Everything that is known when an association becomes official.
pub(super) fn opening(event: &wire::AssociationBecameOfficial) -> Result<Opening, ReceiveError> {
    let activities = event.activities.iter().map(|activity| parse("activity", activity));
    Ok(Opening {
        claim: parse::<ClaimName>("claim", &event.claim)?.into(),
        tenant: tenant(&event.tenant)?,
        tenant_region: event.tenant_region.clone(),
        solution_area: parse("solution_area", &event.solution_area)?,
        activities: activities.collect::<Result<_, _>>()?,
        lines: event.lines.iter().map(line).collect::<Result<_, _>>()?,
        partner: partner(event.partner.as_ref().ok_or_else(|| missing("partner"))?)?,
        submit_time: time("submit_time", event.submit_time.as_ref())?,
        official_time: time("official_time", event.official_time.as_ref())?,
    })
}

fn line(facts: &wire::LineFacts) -> Result<Line, ReceiveError> {
    let subscription = facts.subscription.as_ref().map(|facts| subscription(Some(facts)));
    Ok(Line {
        line: parse("line_id", &facts.line_id)?,
        key: parse("key", &facts.key)?,
        product: parse::<ProductName>("product", &facts.product)?.product,
        incentivised: facts.incentivised,
        subscription: subscription.transpose()?,
        ended: None,
    })
}

/// A subscription, with the registry's words for its status and channel as they are.
pub(super) fn subscription(facts: Option<&wire::SubscriptionFacts>) -> Result<Subscription, ReceiveError> {
    let facts = facts.ok_or_else(|| missing("subscription"))?;
    Ok(Subscription {
        id: parse("subscription_id", &facts.subscription_id)?,
        status: facts.status.clone(),
        channel: facts.channel.clone(),
        purchase_time: time("purchase_time", facts.purchase_time.as_ref())?,
        end_time: facts.end_time.as_ref().map(|end| time("end_time", Some(end))).transpose()?,
    })
}

fn partner(facts: &wire::PartnerFacts) -> Result<Partner, ReceiveError> {
    Ok(Partner {
        mpn_id: facts.mpn_id.clone(),
        location_region: facts.location_region.clone(),
        enrolments: enrolments(&facts.enrolments)?,
    })
}

/// Whose record it is, and what it says.
pub(super) fn partner_record(event: &wire::PartnerChanged) -> Result<(PartnerId, PartnerRecord), ReceiveError> {
    let record = PartnerRecord {
        regions: event.location_regions.clone().into_iter().collect(),
        enrolments: enrolments(&event.enrolments)?,
    };
    Ok((parse::<PartnerName>("partner", &event.partner)?.partner, record))
}

fn enrolments(facts: &[wire::EnrolmentFacts]) -> Result<Vec<Enrolment>, ReceiveError> {
    let enrolment = |facts: &wire::EnrolmentFacts| {
        Ok(Enrolment {
            program: parse("program", &facts.program)?,
            start_time: time("start_time", facts.start_time.as_ref())?,
            end_time: facts.end_time.as_ref().map(|end| time("end_time", Some(end))).transpose()?,
        })
    };
    facts.iter().map(enrolment).collect()
}

/// The lines that ended; none named: all.
pub(super) fn ended_lines(event: &wire::AssociationEnded) -> Result<Vec<LineId>, ReceiveError> {
    let named = event.line_ids.iter().filter(|_| !event.all);
    named.map(|line| parse("line_ids", line)).collect()
}

/// The key of a claim's assessment.
pub(super) fn key(of_tenant: &str, claim: &str) -> Result<Key, ReceiveError> {
    Ok(store::key(tenant(of_tenant)?, parse::<ClaimName>("claim", claim)?.claim))
}

fn tenant(name: &str) -> Result<TenantId, ReceiveError> {
    Ok(parse::<TenantName>("tenant", name)?.tenant)
}

fn parse<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, ReceiveError> {
    text.parse().map_err(|malformed| ReceiveError::park(format_args!("{field}: {malformed}")))
}

fn time(field: &str, time: Option<&prost_types::Timestamp>) -> Result<Timestamp, ReceiveError> {
    let read = |time: &prost_types::Timestamp| Timestamp::from_timestamp(time.seconds, u32::try_from(time.nanos).ok()?);
    time.and_then(read).map(whole_micros).ok_or_else(|| missing(field))
}

fn missing(field: &str) -> ReceiveError {
    ReceiveError::park(format_args!("{field} is missing or out of range"))
}
