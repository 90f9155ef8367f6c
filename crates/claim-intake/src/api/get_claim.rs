//! GetClaim: one read.
use super::{Answer, convert, view::View};
use crate::{call::Call, intake::Intake};
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use tonic::{Request, Response};

pub(super) async fn get_claim(intake: &Intake, request: Request<wire::GetClaimRequest>) -> Answer<wire::Claim> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "GetClaim", &request.name)?;
    let claim = intake.read(&call).await?;
    let claim = convert::claim(claim, View::of(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}
