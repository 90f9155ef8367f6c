use std::collections::{BTreeMap, BTreeSet};

use cpor_durable::StoreError;
use cpor_kit::request;
use cpor_proto::registry::v1::{CheckClaimRequest, CheckClaimResponse, CheckedLine, DirectoryViolation};
use cpor_types::{AssociationKey, MpnId, PartnerId, PartnerName, ProductName, TenantId, Timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{Answer, Api, convert, error};
use crate::domain::check::{self, ClaimToCheck, Directory, Field, Line, LineToCheck, TenantSaid, Violation};
use crate::domain::directory::{PartnerProfile, TenantDirectory};
use crate::store::query;

/// Five reads, side by side by two; on PostgreSQL and with a virtual clock the time is a sixth. No transaction.
pub(super) async fn check_claim(api: &Api, request: Request<CheckClaimRequest>) -> Answer<CheckClaimResponse> {
    let (_, request) = request::open(request)?;
    let asked = Asked::read(request)?;
    let known = Known::of(api, std::slice::from_ref(&asked)).await?;
    Ok(Response::new(asked.answer(api, &known)))
}

/// A question, read.
pub(super) struct Asked {
    partner: PartnerId,
    /// `None` when it does not name one yet.
    tenant: Option<Result<TenantId, uuid::Error>>,
    claim: ClaimToCheck,
    line_ids: Vec<String>,
}

/// What the directory knows of all that is asked about, and what time it is.
pub(super) struct Known {
    now: Timestamp,
    partners: BTreeMap<PartnerId, PartnerProfile>,
    tenants: BTreeMap<TenantId, TenantDirectory>,
    /// The keys that companies are on record for without a claim (R58), with those companies.
    legacy: Vec<(TenantId, AssociationKey, PartnerId)>,
}

impl Known {
    /// The same number of reads whatever is asked.
    pub(super) async fn of(api: &Api, asked: &[Asked]) -> Result<Self, Status> {
        let partners: BTreeSet<&PartnerId> = asked.iter().map(|asked| &asked.partner).collect();
        let tenants: BTreeSet<TenantId> = asked.iter().filter_map(Asked::tenant).collect();
        let db = api.db.reader();
        let now = async { api.clock.now(&api.db).await.map_err(StoreError::from) };
        let (now, partners, tenants, legacy) = tokio::try_join!(
            now,
            query::partners(db, &partners),
            query::tenant_directories(db, &tenants),
            query::legacy_holders(db, &tenants)
        )
        .map_err(error::unread)?;
        Ok(Self { now, partners, tenants, legacy })
    }
}

impl Asked {
    pub(super) fn read(request: CheckClaimRequest) -> Result<Self, Status> {
        let PartnerName { partner } = request.partner.parse().map_err(error::malformed("partner"))?;
        let tenant = said(&request.tenant_id).map(|id| Uuid::parse_str(id).map(TenantId));
        let claim = claim(&request)?;
        Ok(Self { partner, tenant, claim, line_ids: request.lines.into_iter().map(|line| line.line_id).collect() })
    }

    fn tenant(&self) -> Option<TenantId> {
        self.tenant.as_ref().and_then(|tenant| tenant.as_ref().ok()).copied()
    }

    pub(super) fn answer(self, api: &Api, known: &Known) -> CheckClaimResponse {
        let of_tenant = self.tenant().and_then(|id| Some((id, known.tenants.get(&id)?)));
        let tenant = match (&self.tenant, of_tenant) {
            (None, _) => TenantSaid::Nothing,
            (Some(Err(_)), _) => TenantSaid::Malformed,
            (Some(Ok(_)), None) => TenantSaid::Unknown,
            (Some(Ok(_)), Some((_, tenant))) => TenantSaid::Known(tenant),
        };
        let partner = known.partners.get(&self.partner);
        let found = check::check(&self.claim, Directory { catalog: &api.catalog, partner, tenant }, known.now);
        let held = |key: &AssociationKey| {
            let is_this = |of: TenantId, held: &AssociationKey| self.tenant() == Some(of) && held == key;
            known.legacy.iter().any(|(of, held, holder)| is_this(*of, held) && *holder != self.partner)
        };
        CheckClaimResponse {
            violations: found.violations.iter().map(violation).collect(),
            partner_display_name: partner.map(|partner| partner.display_name.clone()).unwrap_or_default(),
            location: location(partner, self.claim.mpn_id.as_ref()),
            tenant: of_tenant.map(|(id, tenant)| convert::tenant(id, &tenant.profile)),
            lines: self.line_ids.iter().zip(found.lines).map(|(id, line)| checked(id, line, held)).collect(),
        }
    }
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
