//! `ListEarnings` (R54): lists the earnings of the ledger page by page.
use cpor_listing::page::{self, PageTokens};
use cpor_proto::eligibility::v1::{ListEarningsRequest, ListEarningsResponse};
use cpor_rpc::request;
use tonic::{Request, Response, Status};

use super::{Api, convert, earning_filter::earning_query, error::Refusal};
use crate::store::earnings::{self, Cursor};

pub(super) async fn list_earnings(
    api: &Api,
    request: Request<ListEarningsRequest>,
) -> Result<Response<ListEarningsResponse>, Status> {
    let (caller, request) = request::validate(request)?;
    let page_tokens = PageTokens::for_request(&request);
    let after = page_tokens.decode::<Cursor>(&request.page_token)?;
    let query = earning_query(&caller, &request.parent, request.filter)?;
    let size = page::effective_size(request.page_size);
    let found = earnings::list(api.db.reader(), &query, after, size + 1).await.map_err(Refusal::Store)?;
    let items = found.into_iter().map(|entry| (entry.cursor(), convert::to_earning(entry)));
    let (earnings, next_page_token) = page_tokens.paginate(size, items)?;
    Ok(Response::new(ListEarningsResponse { earnings, next_page_token }))
}
