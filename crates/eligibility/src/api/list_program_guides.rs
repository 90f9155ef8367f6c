//! `ListProgramGuides`: one read of the shelf; drafts, then those in force, newest first.
use std::cmp::Reverse;

use cpor_kit::{
    page::{self, Binding},
    request,
};
use cpor_proto::eligibility::v1::{ListProgramGuidesRequest, ListProgramGuidesResponse};
use cpor_types::ProgramGuideId;
use tonic::{Request, Response, Status};

use super::{Api, convert, scope::sees_guide};
use crate::domain::Shelved;

pub(super) async fn list_program_guides(
    api: &Api,
    request: Request<ListProgramGuidesRequest>,
) -> Result<Response<ListProgramGuidesResponse>, Status> {
    let (caller, request) = request::open(request)?;
    let binding = Binding::of(&request);
    let after = binding.decode::<ProgramGuideId>(&request.page_token)?;
    let shelf = api.shelf().await?;
    let mut all: Vec<&Shelved> = shelf.guides.iter().filter(|guide| sees_guide(&caller, guide)).collect();
    let started = |guide: &Shelved| guide.term().map(|term| Reverse((term.start, term.edition)));
    all.sort_by_cached_key(|guide| (started(guide), Reverse(guide.create_time), guide.document.id.clone()));
    // A guide that is gone since the page before ends the list.
    let start =
        after.map(|after| all.iter().position(|guide| guide.document.id == after).map_or(all.len(), |at| at + 1));
    let shown =
        all.into_iter().skip(start.unwrap_or_default()).map(|guide| (&guide.document.id, convert::guide(guide)));
    let (program_guides, next_page_token) = binding.page(page::size(request.page_size), shown)?;
    Ok(Response::new(ListProgramGuidesResponse { program_guides, next_page_token }))
}
