//! The RPC `LookupKeys`.
use std::collections::BTreeSet;

use cpor_proto::registry::v1::{LookupKeysRequest, LookupKeysResponse};
use cpor_rpc::request;
use cpor_types::TenantKey;
use tonic::{Request, Response};

use super::{Api, ApiResult, error};
use crate::store::query;

/// Returns which keys (workloads and subscriptions of tenants) the directory does not know. Uses
/// two queries.
pub(super) async fn lookup_keys(api: &Api, request: Request<LookupKeysRequest>) -> ApiResult<LookupKeysResponse> {
    let (_, request) = request::validate(request)?;
    let keys = request
        .keys
        .iter()
        .enumerate()
        .map(|(index, key)| key.parse::<TenantKey>().map_err(error::malformed_field(&format!("keys[{index}]"))));
    let keys = keys.collect::<Result<BTreeSet<_>, _>>()?;
    let known = query::known_keys(api.db.reader(), &keys).await.map_err(error::read_failed)?;
    Ok(Response::new(LookupKeysResponse { unknown_keys: keys.difference(&known).map(TenantKey::to_string).collect() }))
}
