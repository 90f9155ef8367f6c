//! Conversions between domain values and messages of the API.
use std::collections::{BTreeMap, BTreeSet};

use cpor_proto::wire_time::{from_wire_time, to_wire_time};
use cpor_proto::{WireEnum as _, registry::v1 as wire, r#type::v1 as types};
use cpor_types::{
    Activity, AssociationName, CaseId, DomainName, MpnId, PartnerId, ProductFamily, ProductKind, SubscriptionId,
    SubscriptionName, TenantId, Timestamp, WorkloadName,
};
use tonic::Status;

use super::error;
use crate::domain::association::AssociationState;
use crate::domain::catalog::Product;
use crate::domain::directory::{Enrollment, Location, PartnerProfile, Subscription, TenantProfile};
use crate::store::children::Workload;
use crate::store::query::AssociationWithName;

/// Parses a time and truncates it to whole microseconds. `field` is its path in the request.
/// Returns an error if the database cannot store the time.
pub(crate) fn parse_timestamp(field: &str, time: prost_types::Timestamp) -> Result<Timestamp, Status> {
    let storable = from_wire_time(time).filter(|time| cpor_bulk_rows::storable_time(*time) == *time);
    storable.ok_or_else(|| error::invalid_field(field, "must be between the years 1 and 9999"))
}

pub(super) fn partner(id: &PartnerId, profile: PartnerProfile) -> wire::Partner {
    wire::Partner {
        name: format!("partners/{id}"),
        locations: profile.locations.iter().map(|(mpn_id, value)| location(mpn_id, value)).collect(),
        enrollments: profile.enrollments.iter().map(enrollment).collect(),
        display_name: profile.display_name,
    }
}

pub(super) fn location(mpn_id: &MpnId, location: &Location) -> wire::Location {
    wire::Location {
        mpn_id: mpn_id.to_string(),
        region: location.region.clone(),
        calendar: location.calendar.clone(),
        end_time: location.end_time.map(to_wire_time),
        language_code: location.language.map(|language| language.to_string()).unwrap_or_default(),
    }
}

fn enrollment(enrollment: &Enrollment) -> wire::Enrollment {
    wire::Enrollment {
        program: enrollment.program.to_number(),
        start_time: Some(to_wire_time(enrollment.start_time)),
        end_time: enrollment.end_time.map(to_wire_time),
    }
}

pub(super) fn tenant(id: TenantId, profile: &TenantProfile) -> wire::Tenant {
    wire::Tenant {
        name: format!("tenants/{id}"),
        display_name: profile.display_name.clone(),
        region: profile.region.clone(),
        domains: profile.domains.iter().map(ToString::to_string).collect(),
        calendar: profile.calendar.clone(),
        domain_ends: profile.domain_ends.iter().map(domain_end).collect(),
    }
}

fn domain_end((domain, end_time): (&DomainName, &Timestamp)) -> wire::DomainEnd {
    wire::DomainEnd { domain: domain.to_string(), end_time: Some(to_wire_time(*end_time)) }
}

pub(super) fn workload(tenant: TenantId, workload: Workload) -> wire::Workload {
    let Workload { product, end_time } = workload;
    wire::Workload { name: WorkloadName { tenant, product }.to_string(), end_time: end_time.map(to_wire_time) }
}

pub(super) fn subscription(tenant: TenantId, id: SubscriptionId, subscription: &Subscription) -> wire::Subscription {
    wire::Subscription {
        name: SubscriptionName { tenant, subscription: id }.to_string(),
        product: format!("products/{}", subscription.product),
        status: subscription.status.to_number(),
        channel: subscription.channel.to_number(),
        purchase_time: Some(to_wire_time(subscription.purchase_time)),
        end_time: subscription.end_time.map(to_wire_time),
    }
}

pub(super) fn product(product: &Product) -> wire::Product {
    let family = match product.family {
        ProductFamily::Microsoft365 => wire::ProductFamily::Microsoft365,
        ProductFamily::Dynamics365 => wire::ProductFamily::Dynamics365,
        ProductFamily::PowerBi => wire::ProductFamily::PowerBi,
        ProductFamily::PowerPlatform => wire::ProductFamily::PowerPlatform,
    };
    let kind = match product.kind {
        ProductKind::Workload => wire::ProductKind::Workload,
        ProductKind::Subscription => wire::ProductKind::Subscription,
    };
    wire::Product {
        name: format!("products/{}", product.id),
        display_name: product.display_name.clone(),
        solution_area: product.solution_area.to_number(),
        family: family.into(),
        kind: kind.into(),
        claimable_start_time: Some(to_wire_time(product.claimable_from)),
        claimable_end_time: product.claimable_until.map(to_wire_time),
        incentivized: product.incentivized,
    }
}

/// Converts an association. `expected_ends` contains the times at which associations that have not
/// ended will end.
pub(super) fn association(
    (name, association): &AssociationWithName,
    expected_ends: &BTreeMap<AssociationName, Timestamp>,
) -> wire::Association {
    let (state, official, end) = match association.state {
        AssociationState::Pending => (types::AssociationState::Pending, None, None),
        AssociationState::Official { official_time } => (types::AssociationState::Official, Some(official_time), None),
        AssociationState::Ended { official_time, end_time, reason } => {
            (types::AssociationState::Ended, official_time, Some((end_time, reason)))
        }
    };
    wire::Association {
        name: name.to_string(),
        partner: format!("partners/{}", association.partner()),
        mpn_id: association.mpn_id.to_string(),
        key: format!("tenants/{}/{}", name.tenant, association.key),
        product: format!("products/{}", association.product),
        activity: association.activity.to_number(),
        state: state.into(),
        end_reason: end.map_or(0, |(_, reason)| reason.to_number()),
        hold_time: Some(to_wire_time(association.hold_time)),
        official_time: official.map(to_wire_time),
        end_time: end.map(|(time, _)| to_wire_time(time)),
        claim: association.claimed_line().map(|line| line.claim.to_string()).unwrap_or_default(),
        // Only `with_all_activities` sets this field.
        activities: Vec::new(),
        expected_end_time: expected_ends.get(name).copied().map(to_wire_time),
    }
}

/// Converts the associations with one key (a workload or subscription of a tenant). Each message
/// lists all activities of the association's partner.
pub(super) fn with_all_activities(
    associations: &[AssociationWithName],
    expected_ends: &BTreeMap<AssociationName, Timestamp>,
) -> Vec<wire::Association> {
    let activities = |partner: &PartnerId| -> BTreeSet<Activity> {
        let of_partner = associations.iter().filter(|(_, other)| other.partner() == partner);
        of_partner.map(|(_, other)| other.activity).collect()
    };
    let message = |with_name: &AssociationWithName| wire::Association {
        activities: Activity::to_numbers(&activities(with_name.1.partner())),
        ..association(with_name, expected_ends)
    };
    associations.iter().map(message).collect()
}

/// Parses a review case id, or returns `None` when the message does not set it.
pub(super) fn parse_review_case(field: &str, case_id: &str) -> Result<Option<CaseId>, Status> {
    let case_id = Some(case_id).filter(|case_id| !case_id.is_empty());
    case_id.map(str::parse).transpose().map_err(error::malformed_field(field))
}
