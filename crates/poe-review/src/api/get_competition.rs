//! GetCompetition (R37): a case beside its rivals. One round trip for the case and one for each rival, no fsync.
use super::{Api, convert, error, seen_by};
use crate::store::query::Cases;
use cpor_kit::request::open;
use cpor_proto::reviews::v1::{Competition, GetCompetitionRequest, Rival};
use tonic::{Request, Response, Status};

pub(super) async fn handle(
    api: &Api,
    request: Request<GetCompetitionRequest>,
) -> Result<Response<Competition>, Status> {
    let (caller, request) = open(request)?;
    let name = convert::case_name(&request.name)?;
    let cases = Cases::of(api.db.reader(), name.tenant);
    let found = cases.find(name.case).await.map_err(|error| error::unread(&error))?.ok_or_else(error::not_found)?;
    let mut rivals = Vec::new();
    for (rival, keys) in &found.state.contest.rivals {
        let rival = cases.find(*rival).await.map_err(|error| error::unread(&error))?;
        let keys = keys.iter().map(ToString::to_string).collect();
        rivals.extend(rival.map(|rival| Rival { review_case: Some(seen_by(&caller, &rival)), keys }));
    }
    Ok(Response::new(Competition { review_case: Some(seen_by(&caller, &found)), rivals }))
}
