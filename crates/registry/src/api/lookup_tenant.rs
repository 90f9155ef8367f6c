//! The RPC `LookupTenant`.
use std::collections::BTreeSet;

use cpor_call::status;
use cpor_proto::registry::v1::{LookupTenantRequest, LookupTenantResponse};
use cpor_rpc::request;
use cpor_types::DomainName;
use tonic::{Request, Response};

use super::{Api, ApiResult, error};
use crate::store::query;

/// Returns the tenant of a domain, and nothing else about it (R12a). Uses two queries, and a third
/// one for the time on PostgreSQL and with a virtual clock (moved by an operator). The number
/// of look-ups of a partner is limited, because the answers tell which customers the vendor has.
pub(super) async fn lookup_tenant(api: &Api, request: Request<LookupTenantRequest>) -> ApiResult<LookupTenantResponse> {
    let (caller, request) = request::validate(request)?;
    if let Some(partner) = &caller.partner {
        api.domain_lookups.ask(caller.id(), partner)?;
    }
    let not_found = || status::not_found(&request.domain);
    let domain = request.domain.trim().trim_end_matches('.');
    let domain: DomainName = domain.parse().map_err(error::malformed_field("domain"))?;
    let owners = query::domain_owners(api.db.reader(), &BTreeSet::from([&domain])).await;
    let owners = owners.map_err(error::read_failed)?;
    let tenant = *owners.get(&domain).ok_or_else(not_found)?;
    let profile = query::tenant_profile(api.db.reader(), tenant).await.map_err(error::read_failed)?;
    let now = api.clock.now(&api.db).await.map_err(|failure| error::read_failed(failure.into()))?;
    let is_own = profile.is_some_and(|profile| profile.owns_domain(domain.as_str(), now));
    match is_own {
        true => Ok(Response::new(LookupTenantResponse { tenant: format!("tenants/{tenant}") })),
        false => Err(not_found()),
    }
}
