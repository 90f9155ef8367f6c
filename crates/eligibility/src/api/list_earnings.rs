//! `ListEarnings` (R54): one read of a page by index.
use cpor_kit::{
    page::{self, Binding},
    request,
};
use cpor_proto::eligibility::v1::{ListEarningsRequest, ListEarningsResponse};
use tonic::{Request, Response, Status};

use super::{Api, convert, earning_filter::wanted, error::Refusal};
use crate::store::earnings::{self, Cursor};

pub(super) async fn list_earnings(
    api: &Api,
    request: Request<ListEarningsRequest>,
) -> Result<Response<ListEarningsResponse>, Status> {
    let (caller, request) = request::open(request)?;
    let binding = Binding::of(&request);
    let after = binding.decode::<Cursor>(&request.page_token)?;
    let wanted = wanted(&caller, &request.parent, request.filter)?;
    let size = page::size(request.page_size);
    let found = earnings::list(api.db.reader(), &wanted, after, size + 1).await.map_err(Refusal::Store)?;
    let shown = found.into_iter().map(|entry| (entry.cursor(), convert::entry(entry)));
    let (earnings, next_page_token) = binding.page(size, shown)?;
    Ok(Response::new(ListEarningsResponse { earnings, next_page_token }))
}
