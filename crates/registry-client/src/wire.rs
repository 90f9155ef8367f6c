//! Conversions between the types of this crate and the protobuf messages of the registry's API. A
//! response that cannot be converted is a defect of the registry: [`RegistryError::Defect`].
//!
//! A *key* is a workload or subscription of a tenant. To *hold* a line of a claim is to reserve its
//! key for the claim's partner. To *award* a key is to choose one of several competing claims. A
//! *legacy holder* holds a key by an association that was recorded before claims existed.
use std::str::FromStr;

use cpor_call::status;
use cpor_proto::registry::v1 as wire;
use cpor_proto::wire_time::{from_wire_time, to_wire_time};
use cpor_proto::{UnknownValue, WireEnum as _};
use cpor_types::{
    Activity, AssociationKey, Malformed, ProductFamily, ProductKind, ProductName, SolutionArea, TenantName, Timestamp,
};

use tonic::Status;
use tonic_types::StatusExt as _;

use crate::{
    Arbitration, ArbitrationOutcome, AwardOutcome, AwardRefusal, AwardRefusalReason, CheckedClaim, CheckedLine,
    ClaimToCheck, HoldOutcome, HoldRequest, LineRefusal, LineToCheck, LineToHold, Location, Product, RegistryError,
    RegistryReason, SuggestedLine, Tenant, Violation,
};

impl From<ClaimToCheck> for wire::CheckClaimRequest {
    fn from(claim: ClaimToCheck) -> Self {
        let (submitted_mpn_id, submitted_customer_domain) = claim
            .submitted
            .map(|submitted| (submitted.mpn_id.to_string(), submitted.customer_domain))
            .unwrap_or_default();
        Self {
            partner: format!("partners/{}", claim.partner),
            mpn_id: claim.mpn_id.map(String::from).unwrap_or_default(),
            tenant_id: claim.tenant_id.unwrap_or_default(),
            customer_domain: claim.customer_domain.unwrap_or_default(),
            solution_area: claim.solution_area.map_or(0, SolutionArea::to_number),
            lines: claim.lines.into_iter().map(wire::LineToCheck::from).collect(),
            suggest_lines: claim.suggest_lines,
            submitted_mpn_id,
            submitted_customer_domain,
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
            solution_area: hold.solution_area.to_number(),
            activities: Activity::to_numbers(&hold.activities),
            lines: hold.lines.into_iter().map(wire::LineToHold::from).collect(),
            submit_time: Some(to_wire_time(hold.submit_time)),
            review_case_id: hold.review_case.to_string(),
            revenue_association_exclusive: hold.revenue_association_exclusive,
        }
    }
}

impl From<Arbitration> for wire::ArbitrateHoldsRequest {
    fn from(arbitration: Arbitration) -> Self {
        let award = |award: crate::Award| wire::Award {
            key: award.key.to_string(),
            winner_claim: award.winner.to_string(),
            review_case_id: award.review_case.to_string(),
            activities: Activity::to_numbers(&award.activities),
            revenue_association_exclusive: award.revenue_association_exclusive,
        };
        Self {
            tenant: format!("tenants/{}", arbitration.tenant),
            decision_id: arbitration.decision_id.to_string(),
            awards: arbitration.awards.into_iter().map(award).collect(),
        }
    }
}

/// Converts the response to an arbitration that awarded all keys.
pub(crate) fn awarded_outcome(response: wire::ArbitrateHoldsResponse) -> Result<ArbitrationOutcome, RegistryError> {
    let outcome = |result: wire::AwardResult| match result.outcome() {
        wire::award_result::Outcome::Unspecified => {
            Err(RegistryError::Defect(format!("no outcome for {}", result.key)))
        }
        wire::award_result::Outcome::Cleared => Ok(AwardOutcome::Unopposed),
        wire::award_result::Outcome::Yielded => Ok(AwardOutcome::PendingHoldEnded),
        wire::award_result::Outcome::Successor => Ok(AwardOutcome::SucceedsHolder),
    };
    response.results.into_iter().map(outcome).collect::<Result<_, _>>().map(ArbitrationOutcome::Awarded)
}

/// Converts the status of an arbitration that the registry refused, so that no key was awarded.
/// Each key in the details of the status gets a refusal; if the details contain no key, every key
/// gets one. Returns `None` if the status is another error than such a refusal.
#[expect(clippy::wildcard_enum_match_arm, reason = "the registry uses only these reasons to refuse an arbitration")]
pub(crate) fn refused_outcome(arbitration: &Arbitration, status: &Status) -> Option<ArbitrationOutcome> {
    let reason = match wire::ErrorReason::from_str_name(&status::reason(status)?)? {
        wire::ErrorReason::SuccessorExists => AwardRefusalReason::SuccessorExists,
        wire::ErrorReason::KeyUnknown | wire::ErrorReason::TenantUnknown => AwardRefusalReason::KeyUnknown,
        wire::ErrorReason::ClaimClosed => AwardRefusalReason::ClaimClosed,
        _ => return None,
    };
    let violations = status.get_details_precondition_failure().map(|failure| failure.violations).unwrap_or_default();
    let is_violated =
        |key: &AssociationKey| violations.iter().any(|violation| violation.subject.ends_with(&key.to_string()));
    let keys = || arbitration.awards.iter().map(|award| &award.key);
    let refused: Vec<_> = keys().filter(|key| is_violated(key)).collect();
    let refused = if refused.is_empty() { keys().collect() } else { refused };
    let refusal = |key: &AssociationKey| AwardRefusal { key: key.clone(), reason };
    Some(ArbitrationOutcome::Refused(refused.into_iter().map(refusal).collect()))
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

    fn try_from(response: wire::CheckClaimResponse) -> Result<Self, RegistryError> {
        Ok(Self {
            violations: response.violations.into_iter().map(Violation::try_from).collect::<Result<_, _>>()?,
            partner_display_name: non_empty(response.partner_display_name),
            location: response.location.map(Location::try_from).transpose()?,
            tenant: response.tenant.map(Tenant::try_from).transpose()?,
            lines: response.lines.into_iter().map(CheckedLine::try_from).collect::<Result<_, _>>()?,
            suggestions: response.suggested_lines.into_iter().map(SuggestedLine::try_from).collect::<Result<_, _>>()?,
            changes: response.changes.into_iter().map(Violation::try_from).collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<wire::DirectoryViolation> for Violation {
    type Error = RegistryError;

    fn try_from(violation: wire::DirectoryViolation) -> Result<Self, RegistryError> {
        Ok(Self {
            reason: parse_reason(violation.reason())?,
            field: violation.field,
            description: violation.description,
        })
    }
}

impl TryFrom<wire::Location> for Location {
    type Error = RegistryError;

    fn try_from(location: wire::Location) -> Result<Self, RegistryError> {
        // Without a language that this service knows, mails are in English.
        let language = location.language_code.parse().unwrap_or_default();
        Ok(Self { mpn_id: parse(&location.mpn_id)?, region: location.region, calendar: location.calendar, language })
    }
}

impl TryFrom<wire::Tenant> for Tenant {
    type Error = RegistryError;

    fn try_from(tenant: wire::Tenant) -> Result<Self, RegistryError> {
        Ok(Self {
            id: parse::<TenantName>(&tenant.name)?.tenant,
            display_name: tenant.display_name,
            region: tenant.region,
            domains: tenant.domains.iter().map(|domain| parse(domain)).collect::<Result<_, _>>()?,
            calendar: tenant.calendar,
        })
    }
}

impl TryFrom<wire::CheckedLine> for CheckedLine {
    type Error = RegistryError;

    fn try_from(line: wire::CheckedLine) -> Result<Self, RegistryError> {
        Ok(Self {
            line_id: parse(&line.line_id)?,
            product: line.product.map(Product::try_from).transpose()?,
            subscription_id: non_empty(line.subscription_id).map(|id| parse(&id)).transpose()?,
            key: non_empty(line.key).map(|key| parse::<AssociationKey>(&key)).transpose()?,
            legacy_holder: non_empty(line.legacy_holder_id).map(|id| parse(&id)).transpose()?,
        })
    }
}

impl TryFrom<wire::SuggestedLine> for SuggestedLine {
    type Error = RegistryError;

    fn try_from(line: wire::SuggestedLine) -> Result<Self, RegistryError> {
        let without_product = || RegistryError::Defect("a suggested line has no product".to_owned());
        Ok(Self {
            product: line.product.ok_or_else(without_product)?.try_into()?,
            subscription_id: non_empty(line.subscription_id).map(|id| parse(&id)).transpose()?,
            end_time: line.end_time.map(parse_timestamp).transpose()?,
        })
    }
}

impl TryFrom<wire::Product> for Product {
    type Error = RegistryError;

    fn try_from(product: wire::Product) -> Result<Self, RegistryError> {
        let unspecified = |what: &str| RegistryError::Defect(format!("{} has no {what}", product.name));
        Ok(Self {
            id: parse::<ProductName>(&product.name)?.product,
            solution_area: SolutionArea::from_number(product.solution_area).map_err(unknown_value)?,
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
            incentivized: product.incentivized,
            display_name: product.display_name,
        })
    }
}

impl TryFrom<wire::PlaceHoldResponse> for HoldOutcome {
    type Error = RegistryError;

    fn try_from(response: wire::PlaceHoldResponse) -> Result<Self, RegistryError> {
        if response.refusals.is_empty() {
            return Ok(Self::Held);
        }
        response.refusals.into_iter().map(LineRefusal::try_from).collect::<Result<_, _>>().map(Self::Refused)
    }
}

impl TryFrom<wire::LineRefusal> for LineRefusal {
    type Error = RegistryError;

    fn try_from(refusal: wire::LineRefusal) -> Result<Self, RegistryError> {
        Ok(Self {
            reason: parse_reason(refusal.reason())?,
            line_id: non_empty(refusal.line_id).map(|id| parse(&id)).transpose()?,
            description: refusal.description,
        })
    }
}

/// Parses a time in a response.
pub(crate) fn parse_timestamp(time: prost_types::Timestamp) -> Result<Timestamp, RegistryError> {
    from_wire_time(time).ok_or_else(|| RegistryError::Defect(format!("{time:?} is not a valid time")))
}

/// Converts a reason. Returns an error if the reason does not concern a claim.
fn parse_reason(reason: wire::ErrorReason) -> Result<RegistryReason, RegistryError> {
    RegistryReason::from_wire(reason)
        .ok_or_else(|| RegistryError::Defect(format!("{} is not a reason that concerns a claim", reason.as_str_name())))
}

/// Creates the error for a response with an enum number that is unspecified or unknown.
fn unknown_value(unknown: UnknownValue) -> RegistryError {
    RegistryError::Defect(unknown.to_string())
}

/// Parses a text in a response.
fn parse<T: FromStr<Err = Malformed>>(text: &str) -> Result<T, RegistryError> {
    text.parse().map_err(|malformed: Malformed| RegistryError::Defect(malformed.to_string()))
}

/// Returns the text, or `None` if it is empty, because a message contains an empty text for a field
/// that is not set.
fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
