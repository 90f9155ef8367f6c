//! `ListEarnings` (R54): lists the entries of the ledger (the amounts that partners earn) page by
//! page, by default in the order of their recording. Executes one query.
//!
//! Indexes serve the default order for all earnings and for those of a partner, a tenant and a key
//! (a workload or subscription), and the order by month. With other filters, the database scans the
//! index of the order until the page is full.
use cpor_auth::Caller;
use cpor_listing::page::{self, PageTokens};
use cpor_proto::eligibility::v1::{ListEarningsRequest, ListEarningsResponse};
use cpor_rpc::request;
use tonic::{Request, Response, Status};

use super::{Api, convert, error::Refusal, parse, scope::scope_of_caller};
use crate::store::earnings::{self, EARNINGS, EarningQuery};

pub(super) async fn list_earnings(
    api: &Api,
    request: Request<ListEarningsRequest>,
) -> Result<Response<ListEarningsResponse>, Status> {
    let (caller, request) = request::validate(request)?;
    let page_tokens = PageTokens::for_request(&request);
    let after = page_tokens.decode(&request.page_token)?;
    let query = earning_query(&caller, &request.parent, &request.filter, &request.order_by)?;
    let size = page::effective_size(request.page_size);
    let found = earnings::list(api.db.reader(), &query, after.as_ref(), size + 1).await.map_err(Refusal::Store)?;
    let items = found.into_iter().map(|(cursor, entry)| (cursor, convert::to_earning(entry)));
    let (earnings, next_page_token) = page_tokens.paginate(size, items)?;
    Ok(Response::new(ListEarningsResponse { earnings, next_page_token }))
}

/// Builds the query for the earnings that a request selects and that the caller may see.
pub(super) fn earning_query(
    caller: &Caller,
    parent: &str,
    filter: &str,
    order_by: &str,
) -> Result<EarningQuery, Status> {
    let query = EARNINGS.parse(filter, order_by)?;
    Ok(EarningQuery { scope: scope_of_caller(caller, parent)?, tenant: parse::tenant_parent(parent)?, query })
}
