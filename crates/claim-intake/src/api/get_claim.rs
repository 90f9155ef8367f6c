//! Implements GetClaim. Cost: one read.
use super::{RpcResult, convert, view::View};
use crate::{call::Call, service::ClaimIntake};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use tonic::{Request, Response};

pub(super) async fn get_claim(intake: &ClaimIntake, request: Request<wire::GetClaimRequest>) -> RpcResult<wire::Claim> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "GetClaim", &request.name)?;
    let claim = intake.read(&call).await?;
    let claim = convert::claim_to_wire(claim, View::for_caller(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}
