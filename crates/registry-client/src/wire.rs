//! Our words to the wire and back. An answer that makes no sense is [`RegistryError::Broken`], never a guess.
use std::str::FromStr;

use cpor_proto::registry::v1 as wire;
use cpor_types::{
    Activity, AssociationKey, Malformed, ProductFamily, ProductKind, ProductName, SolutionArea, TenantName, Timestamp,
};

use crate::{
    CheckedClaim, CheckedLine, ClaimToCheck, HoldAnswer, HoldRequest, LineRefusal, LineToCheck, LineToHold, Location,
    Product, Reason, RegistryError, Tenant, Violation,
};

impl From<ClaimToCheck> for wire::CheckClaimRequest {
    fn from(claim: ClaimToCheck) -> Self {
        Self {
            partner: format!("partners/{}", claim.partner),
            mpn_id: claim.mpn_id.map(String::from).unwrap_or_default(),
            tenant_id: claim.tenant_id.unwrap_or_default(),
            customer_domain: claim.customer_domain.unwrap_or_default(),
            solution_area: claim.solution_area.map_or(wire::SolutionArea::Unspecified, area) as i32,
            lines: claim.lines.into_iter().map(wire::LineToCheck::from).collect(),
        }
    }
}

impl From<LineToCheck> for wire::LineToCheck {
    fn from(line: LineToCheck) -> Self {
        Self {
            line_id: line.line_id.to_string(),
            product: format!("products/{}", line.product),
            subscription_id: line.subscription_id.unwrap_or_default(),
        }
    }
}

impl From<HoldRequest> for wire::PlaceHoldRequest {
    fn from(hold: HoldRequest) -> Self {
        Self {
            decision_id: hold.decision_id.to_string(),
            claim: hold.claim.to_string(),
            mpn_id: hold.mpn_id.to_string(),
            tenant: format!("tenants/{}", hold.tenant),
            customer_domain: hold.customer_domain,
            solution_area: area(hold.solution_area) as i32,
            activities: hold.activities.into_iter().map(|of| activity(of) as i32).collect(),
            lines: hold.lines.into_iter().map(wire::LineToHold::from).collect(),
            submit_time: Some(timestamp(hold.submit_time)),
        }
    }
}

impl From<LineToHold> for wire::LineToHold {
    fn from(line: LineToHold) -> Self {
        Self {
            line_id: line.line_id.to_string(),
            product: format!("products/{}", line.product),
            key: line.key.to_string(),
        }
    }
}

impl TryFrom<wire::CheckClaimResponse> for CheckedClaim {
    type Error = RegistryError;

    fn try_from(answer: wire::CheckClaimResponse) -> Result<Self, RegistryError> {
        Ok(Self {
            violations: answer.violations.into_iter().map(Violation::try_from).collect::<Result<_, _>>()?,
            partner_display_name: some(answer.partner_display_name),
            location: answer.location.map(Location::try_from).transpose()?,
            tenant: answer.tenant.map(Tenant::try_from).transpose()?,
            lines: answer.lines.into_iter().map(CheckedLine::try_from).collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<wire::DirectoryViolation> for Violation {
    type Error = RegistryError;

    fn try_from(found: wire::DirectoryViolation) -> Result<Self, RegistryError> {
        Ok(Self { reason: reason(found.reason())?, field: found.field, description: found.description })
    }
}

impl TryFrom<wire::Location> for Location {
    type Error = RegistryError;

    fn try_from(location: wire::Location) -> Result<Self, RegistryError> {
        Ok(Self { mpn_id: parsed(&location.mpn_id)?, region: location.region, calendar: location.calendar })
    }
}

impl TryFrom<wire::Tenant> for Tenant {
    type Error = RegistryError;

    fn try_from(tenant: wire::Tenant) -> Result<Self, RegistryError> {
        Ok(Self {
            id: parsed::<TenantName>(&tenant.name)?.tenant,
            display_name: tenant.display_name,
            region: tenant.region,
            domains: tenant.domains.iter().map(|domain| parsed(domain)).collect::<Result<_, _>>()?,
            calendar: tenant.calendar,
        })
    }
}

impl TryFrom<wire::CheckedLine> for CheckedLine {
    type Error = RegistryError;

    fn try_from(line: wire::CheckedLine) -> Result<Self, RegistryError> {
        Ok(Self {
            line_id: parsed(&line.line_id)?,
            product: line.product.map(Product::try_from).transpose()?,
            subscription_id: some(line.subscription_id).map(|id| parsed(&id)).transpose()?,
            key: some(line.key).map(|key| parsed::<AssociationKey>(&key)).transpose()?,
        })
    }
}

impl TryFrom<wire::Product> for Product {
    type Error = RegistryError;

    fn try_from(product: wire::Product) -> Result<Self, RegistryError> {
        let unspecified = |what: &str| RegistryError::Broken(format!("{} has no {what}", product.name));
        Ok(Self {
            id: parsed::<ProductName>(&product.name)?.product,
            solution_area: match product.solution_area() {
                wire::SolutionArea::Unspecified => return Err(unspecified("solution area")),
                wire::SolutionArea::Microsoft365 => SolutionArea::Microsoft365,
                wire::SolutionArea::BusinessApplications => SolutionArea::BusinessApplications,
            },
            family: match product.family() {
                wire::ProductFamily::Unspecified => return Err(unspecified("family")),
                wire::ProductFamily::Microsoft365 => ProductFamily::Microsoft365,
                wire::ProductFamily::Dynamics365 => ProductFamily::Dynamics365,
                wire::ProductFamily::PowerBi => ProductFamily::PowerBi,
                wire::ProductFamily::PowerPlatform => ProductFamily::PowerPlatform,
            },
            kind: match product.kind() {
                wire::ProductKind::Unspecified => return Err(unspecified("kind")),
                wire::ProductKind::Workload => ProductKind::Workload,
                wire::ProductKind::Subscription => ProductKind::Subscription,
            },
            incentivised: product.incentivised,
            display_name: product.display_name,
        })
    }
}

impl TryFrom<wire::PlaceHoldResponse> for HoldAnswer {
    type Error = RegistryError;

    fn try_from(answer: wire::PlaceHoldResponse) -> Result<Self, RegistryError> {
        if answer.refusals.is_empty() {
            return Ok(Self::Held);
        }
        answer.refusals.into_iter().map(LineRefusal::try_from).collect::<Result<_, _>>().map(Self::Refused)
    }
}

impl TryFrom<wire::LineRefusal> for LineRefusal {
    type Error = RegistryError;

    fn try_from(refusal: wire::LineRefusal) -> Result<Self, RegistryError> {
        Ok(Self {
            reason: reason(refusal.reason())?,
            line_id: some(refusal.line_id).map(|id| parsed(&id)).transpose()?,
            description: refusal.description,
        })
    }
}

/// Of a time in an answer.
pub(crate) fn moment(time: prost_types::Timestamp) -> Result<Timestamp, RegistryError> {
    let nanos = u32::try_from(time.nanos).ok();
    nanos
        .and_then(|nanos| Timestamp::from_timestamp(time.seconds, nanos))
        .ok_or_else(|| RegistryError::Broken(format!("{time:?} is no time")))
}

fn timestamp(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: time.timestamp(), nanos: time.timestamp_subsec_nanos().cast_signed() }
}

fn area(area: SolutionArea) -> wire::SolutionArea {
    match area {
        SolutionArea::Microsoft365 => wire::SolutionArea::Microsoft365,
        SolutionArea::BusinessApplications => wire::SolutionArea::BusinessApplications,
    }
}

fn activity(activity: Activity) -> wire::Activity {
    match activity {
        Activity::Usage => wire::Activity::Usage,
        Activity::PreSales => wire::Activity::PreSales,
        Activity::RevenueAssociation => wire::Activity::RevenueAssociation,
    }
}

fn reason(reason: wire::ErrorReason) -> Result<Reason, RegistryError> {
    Reason::from_wire(reason)
        .ok_or_else(|| RegistryError::Broken(format!("{} is no answer to a claim", reason.as_str_name())))
}

fn parsed<T: FromStr<Err = Malformed>>(text: &str) -> Result<T, RegistryError> {
    text.parse().map_err(|malformed: Malformed| RegistryError::Broken(malformed.to_string()))
}

/// The wire's way of leaving a text out is to leave it empty.
fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
