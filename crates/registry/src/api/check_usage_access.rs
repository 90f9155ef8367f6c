//! The RPC `CheckUsageAccess`.
use cpor_proto::registry::v1::{CheckUsageAccessRequest, CheckUsageAccessResponse};
use cpor_proto::wire_time::to_wire_time;
use cpor_rpc::request;
use cpor_types::{PartnerName, TenantKey};
use tonic::{Request, Response};

use super::{Api, ApiResult, error};
use crate::store::query;

/// Returns whether a partner may read the usage figures of a key (a workload or subscription of a
/// tenant): the partner must be officially on record for the key (R50). For a key or partner that
/// does not exist, the answer is the same as without access. Uses one query.
pub(super) async fn check_usage_access(
    api: &Api,
    request: Request<CheckUsageAccessRequest>,
) -> ApiResult<CheckUsageAccessResponse> {
    let (_, request) = request::validate(request)?;
    let PartnerName { partner } = request.partner.parse().map_err(error::malformed_field("partner"))?;
    let key: TenantKey = request.key.parse().map_err(error::malformed_field("key"))?;
    let since = query::official_since(api.db.reader(), &partner, &key).await.map_err(error::read_failed)?;
    let official_time = since.map(to_wire_time);
    Ok(Response::new(CheckUsageAccessResponse { allowed: since.is_some(), official_time }))
}
