//! Implements DownloadPoeTemplate: generates the proof-of-execution form for a claim and an
//! activity (R13). Cost: one read.
use super::{RpcResult, error};
use crate::{
    call::Call,
    domain::{Claim, Refusal, ViolationReason},
    error::CallError,
    poe_template::{self, CONTENT_TYPE},
    service::ClaimIntake,
};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use cpor_types::Activity;
use tonic::{Request, Response, Status};

pub(super) async fn download_poe_template(
    intake: &ClaimIntake,
    request: Request<wire::DownloadPoeTemplateRequest>,
) -> RpcResult<wire::DownloadPoeTemplateResponse> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "DownloadPoeTemplate", &request.name)?;
    let claim = intake.read(&call).await?.state;
    let activity = requested_activity(&claim, request.activity().try_into().ok())?;
    let data = poe_template::docx(&claim, activity).map_err(|error| CallError::Internal(error.to_string()))?;
    let (file_name, content_type) = (poe_template::file_name(&claim, activity), CONTENT_TYPE.to_owned());
    Ok(Response::new(wire::DownloadPoeTemplateResponse { file_name, content_type, data }))
}

/// Returns the activity that the template is for. Without a requested activity, it is the only
/// activity of the claim. A claim without activities allows every requested activity.
fn requested_activity(claim: &Claim, activity: Option<Activity>) -> Result<Activity, Status> {
    let claimed = &claim.content.activities;
    match (activity, claimed.as_slice()) {
        (None, [only]) => Ok(*only),
        (Some(activity), claimed) if claimed.is_empty() || claimed.contains(&activity) => Ok(activity),
        (Some(activity), claimed) => {
            Err(CallError::Refused(Refusal::ActivityNotClaimed { activity, claimed: claimed.to_vec() }).into())
        }
        (None, _) => {
            let description = "is required, because the claim does not have exactly one activity";
            Err(error::invalid_field("activity", ViolationReason::FieldRequired, description))
        }
    }
}
