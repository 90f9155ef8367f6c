use cpor_kit::request;
use cpor_proto::registry::v1::{CheckClaimRequest, CheckClaimResponse, CheckedLine, DirectoryViolation};
use cpor_types::{AssociationKey, MpnId, PartnerName, ProductName, TenantId};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{Answer, Api, convert, error};
use crate::domain::check::{self, ClaimToCheck, Directory, Field, Line, LineToCheck, TenantSaid, Violation};
use crate::domain::directory::{PartnerProfile, TenantDirectory};
use crate::store::query;

/// Five reads, side by side; on PostgreSQL and with a virtual clock the time is a sixth. No transaction.
pub(super) async fn check_claim(api: &Api, request: Request<CheckClaimRequest>) -> Answer<CheckClaimResponse> {
    let (_, request) = request::open(request)?;
    let PartnerName { partner: of } = request.partner.parse().map_err(error::malformed("partner"))?;
    let tenant_id = said(&request.tenant_id).map(|id| Uuid::parse_str(id).map(TenantId));
    let now = async { api.clock.now(&api.db).await.map_err(|error| error::unread(error.into())) };
    let partner = async { query::partner(api.db.reader(), &of).await.map_err(error::unread) };
    let tenant = async {
        match tenant_id {
            Some(Ok(id)) => query::tenant_directory(api.db.reader(), id).await.map_err(error::unread),
            Some(Err(_)) | None => Ok(None),
        }
    };
    let legacy = async {
        match tenant_id {
            Some(Ok(id)) => query::legacy_holders(api.db.reader(), id).await.map_err(error::unread),
            Some(Err(_)) | None => Ok(Vec::new()),
        }
    };
    let (now, partner, tenant, legacy) = tokio::try_join!(now, partner, tenant, legacy)?;
    let held = |key: &AssociationKey| legacy.iter().any(|(of_key, holder)| of_key == key && *holder != of);
    let tenant_said = match (&tenant_id, &tenant) {
        (None, _) => TenantSaid::Nothing,
        (Some(Err(_)), _) => TenantSaid::Malformed,
        (Some(Ok(_)), None) => TenantSaid::Unknown,
        (Some(Ok(_)), Some(tenant)) => TenantSaid::Known(tenant),
    };
    let directory = Directory { catalog: &api.catalog, partner: partner.as_ref(), tenant: tenant_said };
    let claim = claim(&request)?;
    let found = check::check(&claim, directory, now);
    let known_tenant = tenant_id.and_then(Result::ok).zip(tenant.as_ref());
    Ok(Response::new(CheckClaimResponse {
        violations: found.violations.iter().map(violation).collect(),
        partner_display_name: partner.as_ref().map(|partner| partner.display_name.clone()).unwrap_or_default(),
        location: location(partner.as_ref(), claim.mpn_id.as_ref()),
        tenant: known_tenant.map(|(id, tenant): (_, &TenantDirectory)| convert::tenant(id, &tenant.profile)),
        lines: request.lines.iter().zip(found.lines).map(|(asked, line)| checked(&asked.line_id, line, held)).collect(),
    }))
}

fn claim(request: &CheckClaimRequest) -> Result<ClaimToCheck, Status> {
    let lines = request.lines.iter().map(|line| LineToCheck {
        product: line.product.parse().ok().map(|ProductName { product }| product),
        subscription_id: said(&line.subscription_id).map(str::to_owned),
    });
    let mpn_id = said(&request.mpn_id).map(str::parse::<MpnId>).transpose().map_err(error::malformed("mpn_id"))?;
    Ok(ClaimToCheck {
        mpn_id,
        customer_domain: said(&request.customer_domain).map(str::to_owned),
        solution_area: convert::said_area(request.solution_area()),
        lines: lines.collect(),
    })
}

/// What is empty was not said.
fn said(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn location(partner: Option<&PartnerProfile>, mpn_id: Option<&MpnId>) -> Option<cpor_proto::registry::v1::Location> {
    let (id, location) = partner?.locations.get_key_value(mpn_id?)?;
    Some(convert::location(id, location))
}

fn violation(violation: &Violation) -> DirectoryViolation {
    let field = match violation.field {
        Field::MpnId => "mpn_id".to_owned(),
        Field::CustomerDomain => "customer_domain".to_owned(),
        Field::TenantId => "tenant_id".to_owned(),
        Field::Product(at) => format!("lines[{at}].product"),
        Field::Subscription(at) => format!("lines[{at}].subscription_id"),
    };
    let Violation { reason, .. } = violation;
    DirectoryViolation { field, reason: error::on_the_wire(*reason).into(), description: reason.describe().to_owned() }
}

fn checked(line_id: &str, line: Line<'_>, held_by_legacy: impl Fn(&AssociationKey) -> bool) -> CheckedLine {
    CheckedLine {
        line_id: line_id.to_owned(),
        product: line.product.map(convert::product),
        subscription_id: line.subscription_id.map(String::from).unwrap_or_default(),
        held_by_legacy: line.key.as_ref().is_some_and(held_by_legacy),
        key: line.key.map(String::from).unwrap_or_default(),
    }
}
