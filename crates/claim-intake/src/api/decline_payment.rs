//! Implements DeclinePayment, by which the partner waives payment for a claim (R54b). Cost: one
//! transaction.
use super::{RpcResult, convert, view::View};
use crate::{call::Call, service::ClaimIntake};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use tonic::{Request, Response};

pub(super) async fn decline_payment(
    intake: &ClaimIntake,
    request: Request<wire::DeclinePaymentRequest>,
) -> RpcResult<wire::Claim> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "DeclinePayment", &request.name)?
        .with_etag(&request.etag)
        .with_request_id(&caller, &request)?
        .with_validate_only(request.validate_only);
    let comment = request.comment;
    let outcome = intake.decide(&call, move |claim, now| claim.decline_payment(&comment, now).map(Some)).await?;
    let claim = convert::claim_to_wire(outcome.claim, View::for_caller(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}
