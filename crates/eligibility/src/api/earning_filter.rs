//! Reads the filter of requests that list or export earnings.
use cpor_auth::Caller;
use cpor_proto::eligibility::v1::{self as wire, EarningFilter};
use cpor_types::{ClaimName, TenantKey};
use tonic::Status;

use super::{error::Refusal, parse, scope::scope_of_caller};
use crate::store::earnings::{EarningQuery, EarningStatus};

/// Builds the query for the earnings that match the filter and that the caller may see.
pub(super) fn earning_query(
    caller: &Caller,
    parent: &str,
    filter: Option<EarningFilter>,
) -> Result<EarningQuery, Status> {
    let filter = filter.unwrap_or_default();
    let claim: Option<ClaimName> = parse::optional("filter.claim", &filter.claim)?;
    let key: Option<TenantKey> = parse::optional("filter.key", &filter.key)?;
    let tenant = parse::tenant_parent(parent)?;
    if let (Some(tenant), Some(key)) = (tenant, &key)
        && key.tenant != tenant
    {
        return Err(Refusal::OtherTenant { field: "filter.key" }.into());
    }
    let status = match filter.status() {
        wire::EarningStatus::Unspecified => None,
        wire::EarningStatus::NothingDue => Some(EarningStatus::NothingDue),
        wire::EarningStatus::Accrued => Some(EarningStatus::Accrued),
        wire::EarningStatus::Paid => Some(EarningStatus::Paid),
    };
    Ok(EarningQuery {
        scope: scope_of_caller(caller, parent)?,
        tenant: tenant.or(key.as_ref().map(|key| key.tenant)),
        claim: claim.map(|name| name.claim),
        key: key.map(|name| name.key),
        month: parse::optional("filter.month", &filter.month)?,
        payout_period: parse::optional("filter.payout_period", &filter.payout_period)?,
        status,
    })
}
