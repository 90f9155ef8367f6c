//! The RPC `ListSubscriptions`.
use cpor_listing::page::{self, PageTokens};
use cpor_proto::registry::v1::{ListSubscriptionsRequest, ListSubscriptionsResponse};
use cpor_rpc::request;
use cpor_types::TenantName;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert, error};
use crate::store::lists::{self, SUBSCRIPTIONS};

/// Lists the subscriptions of a tenant, by default in the order of their ids. The list of a tenant
/// that does not exist is empty. Uses one query.
pub(super) async fn list_subscriptions(
    api: &Api,
    request: Request<ListSubscriptionsRequest>,
) -> ApiResult<ListSubscriptionsResponse> {
    let (_, request) = request::validate(request)?;
    let TenantName { tenant } = request.parent.parse().map_err(error::malformed_field("parent"))?;
    let (page_tokens, size) = (PageTokens::for_request(&request), page::effective_size(request.page_size));
    let query = SUBSCRIPTIONS.parse(&request.filter, &request.order_by)?;
    let after = page_tokens.decode(&request.page_token)?;
    let found = lists::subscriptions(api.db.reader(), tenant, &query, after.as_ref(), size + 1).await;
    let rows = found.map_err(error::read_failed)?;
    let entries =
        rows.iter().map(|(cursor, (id, subscription))| (cursor, convert::subscription(tenant, *id, subscription)));
    let (subscriptions, next_page_token) = page_tokens.paginate(size, entries)?;
    Ok(Response::new(ListSubscriptionsResponse { subscriptions, next_page_token }))
}
