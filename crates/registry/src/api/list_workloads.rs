//! The RPC `ListWorkloads`.
use cpor_listing::page::{self, PageTokens};
use cpor_proto::registry::v1::{ListWorkloadsRequest, ListWorkloadsResponse};
use cpor_rpc::request;
use cpor_types::TenantName;
use tonic::{Request, Response};

use super::{Api, ApiResult, convert, error};
use crate::store::lists::{self, WORKLOADS};

/// Lists the workloads that a tenant uses. The list of a tenant that does not exist is empty. Uses
/// one query.
pub(super) async fn list_workloads(
    api: &Api,
    request: Request<ListWorkloadsRequest>,
) -> ApiResult<ListWorkloadsResponse> {
    let (_, request) = request::validate(request)?;
    let TenantName { tenant } = request.parent.parse().map_err(error::malformed_field("parent"))?;
    let (page_tokens, size) = (PageTokens::for_request(&request), page::effective_size(request.page_size));
    let query = WORKLOADS.parse(&request.filter, &request.order_by)?;
    let after = page_tokens.decode(&request.page_token)?;
    let found = lists::workloads(api.db.reader(), tenant, &query, after.as_ref(), size + 1).await;
    let rows = found.map_err(error::read_failed)?;
    let entries = rows.into_iter().map(|(cursor, workload)| (cursor, convert::workload(tenant, workload)));
    let (workloads, next_page_token) = page_tokens.paginate(size, entries)?;
    Ok(Response::new(ListWorkloadsResponse { workloads, next_page_token }))
}
