//! `ListProgramGuides`: lists the guides of the catalog page by page: first the drafts, then the
//! active guides, each the newest first.
use std::cmp::Reverse;

use cpor_listing::page::{self, PageTokens};
use cpor_proto::eligibility::v1::{ListProgramGuidesRequest, ListProgramGuidesResponse};
use cpor_rpc::request;
use cpor_types::ProgramGuideId;
use tonic::{Request, Response, Status};

use super::{Api, convert, scope::can_see_guide};
use crate::domain::CatalogGuide;

pub(super) async fn list_program_guides(
    api: &Api,
    request: Request<ListProgramGuidesRequest>,
) -> Result<Response<ListProgramGuidesResponse>, Status> {
    let (caller, request) = request::validate(request)?;
    let page_tokens = PageTokens::for_request(&request);
    let after = page_tokens.decode::<ProgramGuideId>(&request.page_token)?;
    let catalog = api.guide_catalog().await?;
    let mut guides: Vec<&CatalogGuide> = catalog.guides.iter().filter(|guide| can_see_guide(&caller, guide)).collect();
    let activation =
        |guide: &CatalogGuide| guide.effective_period().map(|period| Reverse((period.start, period.edition)));
    guides.sort_by_cached_key(|guide| (activation(guide), Reverse(guide.create_time), guide.document.id.clone()));
    // The list ends if the caller can no longer see the last guide of the previous page.
    let start = after.map(|after| {
        let position = guides.iter().position(|guide| guide.document.id == after);
        position.map_or(guides.len(), |position| position + 1)
    });
    let rest = guides.into_iter().skip(start.unwrap_or_default());
    let items = rest.map(|guide| (&guide.document.id, convert::to_program_guide(guide)));
    let (program_guides, next_page_token) = page_tokens.paginate(page::effective_size(request.page_size), items)?;
    Ok(Response::new(ListProgramGuidesResponse { program_guides, next_page_token }))
}
