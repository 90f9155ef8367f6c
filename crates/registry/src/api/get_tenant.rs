//! The RPC `GetTenant`.
use cpor_call::status;
use cpor_proto::registry::v1::{GetTenantRequest, Tenant};
use cpor_rpc::request;
use cpor_types::TenantName;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert, error};
use crate::store::query;

/// Returns the profile of a tenant. Uses one query.
pub(super) async fn get_tenant(api: &Api, request: Request<GetTenantRequest>) -> ApiResult<Tenant> {
    let (_, request) = request::validate(request)?;
    let TenantName { tenant } = request.name.parse().map_err(error::malformed_field("name"))?;
    let profile = query::tenant_profile(api.db.reader(), tenant).await.map_err(error::read_failed)?;
    let profile = profile.ok_or_else(|| status::not_found(&request.name))?;
    Ok(Response::new(convert::tenant(tenant, &profile)))
}
