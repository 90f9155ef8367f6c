//! DownloadPoeTemplate (R13): one read, and a document of some ten thousand bytes made of it.
use super::{Answer, error, words};
use crate::{
    call::Call,
    domain::{Claim, Fault, Refusal},
    intake::{Failed, Intake},
    poe_template::{self, CONTENT_TYPE},
};
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use cpor_types::Activity;
use tonic::{Request, Response, Status};

pub(super) async fn download_poe_template(
    intake: &Intake,
    request: Request<wire::DownloadPoeTemplateRequest>,
) -> Answer<wire::DownloadPoeTemplateResponse> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "DownloadPoeTemplate", &request.name)?;
    let claim = intake.read(&call).await?.state;
    let activity = asked_for(&claim, words::activity_from(request.activity()))?;
    let data = poe_template::docx(&claim, activity).map_err(|fault| Failed::Internal(fault.to_string()))?;
    let (file_name, content_type) = (poe_template::file_name(&claim, activity), CONTENT_TYPE.to_owned());
    Ok(Response::new(wire::DownloadPoeTemplateResponse { file_name, content_type, data }))
}

/// The activity, where the claim has it or has none yet; its only one, where none is asked for.
fn asked_for(claim: &Claim, activity: Option<Activity>) -> Result<Activity, Status> {
    let claimed = &claim.content.activities;
    match (activity, claimed.as_slice()) {
        (None, [only]) => Ok(*only),
        (Some(activity), claimed) if claimed.is_empty() || claimed.contains(&activity) => Ok(activity),
        (Some(activity), claimed) => {
            Err(Failed::Refused(Refusal::ActivityNotClaimed { activity, claimed: claimed.to_vec() }).into())
        }
        (None, _) => {
            Err(error::invalid("activity", Fault::FieldRequired, "is needed: the claim does not have exactly one"))
        }
    }
}
