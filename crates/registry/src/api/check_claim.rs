//! The RPC `CheckClaim`.
use std::collections::{BTreeMap, BTreeSet};

use cpor_durable::StoreError;
use cpor_proto::WireEnum as _;
use cpor_proto::registry::v1::{CheckClaimRequest, CheckClaimResponse, CheckedLine, DirectoryViolation, SuggestedLine};
use cpor_proto::wire_time::to_wire_time;
use cpor_rpc::request;
use cpor_types::{
    AssociationKey, LegacyHolderId, MpnId, PartnerId, PartnerName, ProductName, SolutionArea, TenantId, Timestamp,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{Api, ApiResult, convert, error};
use crate::domain::check::{
    self, ClaimField, ClaimToCheck, Directory, LineFinding, LineToCheck, Suggestion, TenantLookup, Violation,
};
use crate::domain::directory::{PartnerProfile, TenantDirectory};
use crate::domain::legacy;
use crate::store::query;

/// Checks one claim against the directory, which is the registry's data about partners and
/// customers. Each *line* of a claim is about one workload or subscription.
///
/// Uses five queries and no transaction. A sixth query reads the time on PostgreSQL, and if the
/// business clock is virtual (moved by an operator).
pub(super) async fn check_claim(api: &Api, request: Request<CheckClaimRequest>) -> ApiResult<CheckClaimResponse> {
    let (_, request) = request::validate(request)?;
    let query = ClaimQuery::parse(request)?;
    let snapshot = DirectorySnapshot::load(api, std::slice::from_ref(&query)).await?;
    Ok(Response::new(query.respond(api, &snapshot)))
}

/// A parsed request to check one claim.
pub(super) struct ClaimQuery {
    partner: PartnerId,
    /// The tenant id on the claim, or `None` when the claim does not name a tenant yet.
    tenant: Option<Result<TenantId, uuid::Error>>,
    claim: ClaimToCheck,
    /// Whether the response lists the tenant's workloads and subscriptions that can be claimed.
    suggest_lines: bool,
    /// The line ids in the order of the lines. They are returned with the findings.
    line_ids: Vec<String>,
}

/// The directory data that one or more queries need, with the time at which it was read.
pub(super) struct DirectorySnapshot {
    now: Timestamp,
    partners: BTreeMap<PartnerId, PartnerProfile>,
    tenants: BTreeMap<TenantId, TenantDirectory>,
    /// The keys (workloads or subscriptions) of the tenants with a legacy association (one that was
    /// recorded before claims existed, R58) that has not ended, and its partner.
    legacy_holders: Vec<(TenantId, AssociationKey, PartnerId)>,
}

impl DirectorySnapshot {
    /// Reads the data for all `queries`. The number of database queries does not depend on their
    /// number.
    pub(super) async fn load(api: &Api, queries: &[ClaimQuery]) -> Result<Self, Status> {
        let partners: BTreeSet<&PartnerId> = queries.iter().map(|query| &query.partner).collect();
        let tenants: BTreeSet<TenantId> = queries.iter().filter_map(ClaimQuery::tenant).collect();
        let db = api.db.reader();
        let now = async { api.clock.now(&api.db).await.map_err(StoreError::from) };
        let (now, partners, tenants, legacy_holders) = tokio::try_join!(
            now,
            query::partners(db, &partners),
            query::tenant_directories(db, &tenants),
            query::legacy_holders(db, &tenants)
        )
        .map_err(error::read_failed)?;
        Ok(Self { now, partners, tenants, legacy_holders })
    }
}

impl ClaimQuery {
    pub(super) fn parse(request: CheckClaimRequest) -> Result<Self, Status> {
        let PartnerName { partner } = request.partner.parse().map_err(error::malformed_field("partner"))?;
        let tenant = non_empty(&request.tenant_id).map(|id| Uuid::parse_str(id).map(TenantId));
        let claim = parse_claim(&request)?;
        let line_ids = request.lines.into_iter().map(|line| line.line_id).collect();
        Ok(Self { partner, tenant, claim, suggest_lines: request.suggest_lines, line_ids })
    }

    /// Returns the tenant id, if the claim names a valid one.
    fn tenant(&self) -> Option<TenantId> {
        self.tenant.as_ref().and_then(|tenant| tenant.as_ref().ok()).copied()
    }

    /// Checks the claim and builds the response.
    pub(super) fn respond(self, api: &Api, snapshot: &DirectorySnapshot) -> CheckClaimResponse {
        let known_tenant = self.tenant().and_then(|id| Some((id, snapshot.tenants.get(&id)?)));
        let lookup = match (&self.tenant, known_tenant) {
            (None, _) => TenantLookup::NotNamed,
            (Some(Err(_)), _) => TenantLookup::Malformed,
            (Some(Ok(_)), None) => TenantLookup::Unknown,
            (Some(Ok(_)), Some((_, tenant))) => TenantLookup::Found(tenant),
        };
        let partner = snapshot.partners.get(&self.partner);
        let directory = Directory { catalog: &api.catalog, partner, tenant: lookup };
        let findings = check::check(&self.claim, directory, snapshot.now);
        let names_own_domain = findings.names_own_domain;
        let legacy_holder = |key: &AssociationKey| {
            let is_other = |(tenant, held, holder): &&(TenantId, AssociationKey, PartnerId)| {
                self.tenant() == Some(*tenant) && held == key && *holder != self.partner
            };
            let holder = snapshot.legacy_holders.iter().filter(|_| names_own_domain).find(is_other);
            holder.map(|(tenant, key, holder)| legacy::holder_id(*tenant, holder, key))
        };
        let lines = self.line_ids.iter().zip(findings.lines);
        let named_tenant = known_tenant.filter(|_| names_own_domain);
        let suggestion_source = named_tenant.filter(|_| self.suggest_lines);
        let area = self.claim.solution_area;
        let suggested = suggestion_source
            .into_iter()
            .flat_map(|(_, tenant)| check::suggestions(tenant, area, &api.catalog, snapshot.now));
        CheckClaimResponse {
            violations: findings.violations.iter().map(to_wire_violation).collect(),
            partner_display_name: partner.map(|partner| partner.display_name.clone()).unwrap_or_default(),
            location: location(partner, self.claim.mpn_id.as_ref()),
            tenant: named_tenant
                .map(|(id, tenant)| convert::tenant(id, &tenant.profile.with_open_domains(snapshot.now))),
            changes: findings.changes.iter().map(to_wire_violation).collect(),
            suggested_lines: suggested.map(suggested_line).collect(),
            lines: lines.map(|(line_id, finding)| checked_line(line_id, finding, legacy_holder)).collect(),
        }
    }
}

fn parse_claim(request: &CheckClaimRequest) -> Result<ClaimToCheck, Status> {
    let lines = request.lines.iter().map(|line| LineToCheck {
        product: line.product.parse().ok().map(|ProductName { product }| product),
        subscription_id: non_empty(&line.subscription_id).map(str::to_owned),
    });
    let mpn_id =
        non_empty(&request.mpn_id).map(str::parse::<MpnId>).transpose().map_err(error::malformed_field("mpn_id"))?;
    Ok(ClaimToCheck {
        customer_domain: non_empty(&request.customer_domain).map(str::to_owned),
        solution_area: SolutionArea::from_optional_number(request.solution_area)
            .map_err(error::unknown_value("solution_area"))?,
        lines: lines.collect(),
        keeps_location: mpn_id.is_some() && request.mpn_id == request.submitted_mpn_id,
        keeps_domain: !request.customer_domain.is_empty()
            && request.customer_domain == request.submitted_customer_domain,
        mpn_id,
    })
}

/// Returns the trimmed text, or `None` when it is empty: an empty field is one that the caller did
/// not set.
fn non_empty(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// Returns the location with this MPN (Microsoft Partner Network) id, if it belongs to the partner.
fn location(partner: Option<&PartnerProfile>, mpn_id: Option<&MpnId>) -> Option<cpor_proto::registry::v1::Location> {
    let (id, location) = partner?.locations.get_key_value(mpn_id?)?;
    Some(convert::location(id, location))
}

fn to_wire_violation(violation: &Violation) -> DirectoryViolation {
    let field = match violation.field {
        ClaimField::MpnId => "mpn_id".to_owned(),
        ClaimField::CustomerDomain => "customer_domain".to_owned(),
        ClaimField::TenantId => "tenant_id".to_owned(),
        ClaimField::Product(index) => format!("lines[{index}].product"),
        ClaimField::Subscription(index) => format!("lines[{index}].subscription_id"),
    };
    let Violation { reason, .. } = violation;
    DirectoryViolation { field, reason: error::wire_reason(*reason).into(), description: reason.describe().to_owned() }
}

fn suggested_line(suggestion: Suggestion<'_>) -> SuggestedLine {
    SuggestedLine {
        product: Some(convert::product(suggestion.product)),
        subscription_id: suggestion.subscription.map(String::from).unwrap_or_default(),
        end_time: suggestion.end_time.map(to_wire_time),
    }
}

fn checked_line(
    line_id: &str,
    finding: LineFinding<'_>,
    legacy_holder: impl Fn(&AssociationKey) -> Option<LegacyHolderId>,
) -> CheckedLine {
    let legacy_holder = finding.key.as_ref().and_then(legacy_holder);
    CheckedLine {
        line_id: line_id.to_owned(),
        product: finding.product.map(convert::product),
        subscription_id: finding.subscription_id.map(String::from).unwrap_or_default(),
        held_by_legacy: legacy_holder.is_some(),
        legacy_holder_id: legacy_holder.map(String::from).unwrap_or_default(),
        key: finding.key.map(String::from).unwrap_or_default(),
    }
}
