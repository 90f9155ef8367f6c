//! The RPC `ListSubscriptions`.
use cpor_listing::page::{self, PageTokens};
use cpor_proto::registry::v1::{ListSubscriptionsRequest, ListSubscriptionsResponse};
use cpor_rpc::request;
use cpor_types::TenantName;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert, error};
use crate::store::query;

/// Lists the subscriptions of a tenant. The list of a tenant that does not exist is empty. Uses one
/// query.
pub(super) async fn list_subscriptions(
    api: &Api,
    request: Request<ListSubscriptionsRequest>,
) -> ApiResult<ListSubscriptionsResponse> {
    let (_, request) = request::validate(request)?;
    let TenantName { tenant } = request.parent.parse().map_err(error::malformed_field("parent"))?;
    let (page_tokens, size) = (PageTokens::for_request(&request), page::effective_size(request.page_size));
    let after = page_tokens.decode(&request.page_token)?;
    let rows = query::subscriptions(api.db.reader(), tenant, after, size + 1).await.map_err(error::read_failed)?;
    let entries = rows.iter().map(|(id, subscription)| (id, convert::subscription(tenant, *id, subscription)));
    let (subscriptions, next_page_token) = page_tokens.paginate(size, entries)?;
    Ok(Response::new(ListSubscriptionsResponse { subscriptions, next_page_token }))
}
