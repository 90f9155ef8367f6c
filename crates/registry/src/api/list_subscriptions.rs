use cpor_kit::page::{self, Binding};
use cpor_kit::request;
use cpor_proto::registry::v1::{ListSubscriptionsRequest, ListSubscriptionsResponse};
use cpor_types::TenantName;
use tonic::{Request, Response};

use super::{Answer, Api, convert, error};
use crate::store::query;

/// One read, no transaction. A tenant that does not exist has no subscriptions.
pub(super) async fn list_subscriptions(
    api: &Api,
    request: Request<ListSubscriptionsRequest>,
) -> Answer<ListSubscriptionsResponse> {
    let (_, request) = request::open(request)?;
    let TenantName { tenant } = request.parent.parse().map_err(error::malformed("parent"))?;
    let (binding, size) = (Binding::of(&request), page::size(request.page_size));
    let after = binding.decode(&request.page_token)?;
    let rows = query::subscriptions(api.db.reader(), tenant, after, size + 1).await.map_err(error::unread)?;
    let shown = rows.iter().map(|(id, subscription)| (id, convert::subscription(tenant, *id, subscription)));
    let (subscriptions, next_page_token) = binding.page(size, shown)?;
    Ok(Response::new(ListSubscriptionsResponse { subscriptions, next_page_token }))
}
