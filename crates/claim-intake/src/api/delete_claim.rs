//! DeleteClaim (R17): one decision.
use super::{Answer, convert, view::View};
use crate::{call::Call, intake::Intake};
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use tonic::{Request, Response};

pub(super) async fn delete_claim(intake: &Intake, request: Request<wire::DeleteClaimRequest>) -> Answer<wire::Claim> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "DeleteClaim", &request.name)?.etag(&request.etag).once(
        &caller,
        &request.request_id,
        &request,
    );
    let judged = intake.decide(&call, |claim, now| claim.delete(now).map(Some)).await?;
    let claim = convert::claim(judged.claim, View::of(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}
