//! ErasePersonalData (R56): one decision, which besides reads and rewrites what is erased.
use super::{Answer, convert, view::View, words};
use crate::{call::Call, domain::Erase, intake::Intake};
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use cpor_types::PersonalData;
use tonic::{Request, Response};

pub(super) async fn erase_personal_data(
    intake: &Intake,
    request: Request<wire::ErasePersonalDataRequest>,
) -> Answer<wire::Claim> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "ErasePersonalData", &request.name)?
        .etag(&request.etag)
        .once(&caller, &request.request_id, &request)
        .validate_only(request.validate_only);
    let erase = Erase::from(request);

    let judged = intake.decide(&call, move |claim, now| claim.erase(&erase, now)).await?;

    let claim = convert::claim(judged.claim, View::of(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}

impl From<wire::ErasePersonalDataRequest> for Erase {
    fn from(request: wire::ErasePersonalDataRequest) -> Self {
        let kinds: Vec<_> = request.kinds().filter_map(words::personal_data_from).collect();
        let kinds = if kinds.is_empty() { PersonalData::ALL.to_vec() } else { kinds };
        Self { kinds, reason: request.reason }
    }
}
