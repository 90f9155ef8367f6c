//! The RPC `GetSubscription`.
use cpor_call::status;
use cpor_proto::registry::v1::{GetSubscriptionRequest, Subscription};
use cpor_rpc::request;
use cpor_types::SubscriptionName;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert, error};
use crate::store::query;

/// Returns a subscription of a tenant. Uses one query.
pub(super) async fn get_subscription(api: &Api, request: Request<GetSubscriptionRequest>) -> ApiResult<Subscription> {
    let (_, request) = request::validate(request)?;
    let name: SubscriptionName = request.name.parse().map_err(error::malformed_field("name"))?;
    let found = query::subscription(api.db.reader(), &name).await.map_err(error::read_failed)?;
    let found = found.ok_or_else(|| status::not_found(&request.name))?;
    Ok(Response::new(convert::subscription(name.tenant, name.subscription, &found)))
}
