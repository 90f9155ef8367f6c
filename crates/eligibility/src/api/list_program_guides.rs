//! `ListProgramGuides`: from memory, newest first.
use cpor_kit::{
    page::{self, Binding},
    request,
};
use cpor_proto::eligibility::v1::{ListProgramGuidesRequest, ListProgramGuidesResponse};
use cpor_types::ProgramGuideId;
use tonic::{Request, Response, Status};

use super::{Api, convert, paging::cut};

pub(super) fn list_program_guides(
    api: &Api,
    request: Request<ListProgramGuidesRequest>,
) -> Result<Response<ListProgramGuidesResponse>, Status> {
    let (_, request) = request::open(request)?;
    let binding = Binding::of(&request);
    let after = binding.decode::<ProgramGuideId>(&request.page_token)?;
    let all = api.guides.all();
    // A guide that is gone since the page before ends the list.
    let start = after.map(|after| all.iter().position(|guide| guide.id == after).map_or(all.len(), |at| at + 1));
    let mut page: Vec<_> = all.iter().skip(start.unwrap_or_default()).collect();
    let more = cut(&mut page, page::size(request.page_size));
    let last = page.last().filter(|_| more).map(|guide| binding.encode(&guide.id));
    Ok(Response::new(ListProgramGuidesResponse {
        next_page_token: last.transpose()?.unwrap_or_default(),
        program_guides: page.into_iter().map(convert::guide).collect(),
    }))
}
