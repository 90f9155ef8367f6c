//! Implements WithdrawClaim, by which the partner ends a claim for good (R25). Cost: one
//! transaction.
use super::{RpcResult, convert, enums, error, view::View};
use crate::{
    call::Call,
    domain::{ViolationReason, Withdraw},
    service::ClaimIntake,
};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use cpor_types::{WithdrawReason, is_blank};
use tonic::{Request, Response, Status};

pub(super) async fn withdraw_claim(
    intake: &ClaimIntake,
    request: Request<wire::WithdrawClaimRequest>,
) -> RpcResult<wire::Claim> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "WithdrawClaim", &request.name)?
        .with_etag(&request.etag)
        .with_request_id(&caller, &request)?
        .with_validate_only(request.validate_only);
    let withdraw = Withdraw::try_from(request)?;

    let outcome = intake.decide(&call, move |claim, now| claim.withdraw(withdraw.clone(), now).map(Some)).await?;

    let claim = convert::claim_to_wire(outcome.claim, View::for_caller(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}

impl TryFrom<wire::WithdrawClaimRequest> for Withdraw {
    type Error = Status;

    fn try_from(request: wire::WithdrawClaimRequest) -> Result<Self, Status> {
        let required = |field, description| error::invalid_field(field, ViolationReason::FieldRequired, description);
        let reason =
            enums::withdraw_reason_from_wire(request.reason()).ok_or_else(|| required("reason", "is required"))?;
        if reason == WithdrawReason::Other && is_blank(&request.comment) {
            return Err(required("comment", "is required if the reason is OTHER"));
        }
        Ok(Self { reason, comment: request.comment })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpor_call::status;

    #[test]
    fn r25_the_reason_other_requires_a_comment() {
        let request = |comment: &str| wire::WithdrawClaimRequest {
            reason: wire::WithdrawReason::Other.into(),
            comment: comment.to_owned(),
            ..wire::WithdrawClaimRequest::default()
        };
        let refused = Withdraw::try_from(request(" ")).unwrap_err();
        assert_eq!(status::field_violations(&refused)[0].field, "comment");
        assert_eq!(Withdraw::try_from(request("moved on")).unwrap().comment, "moved on");
    }
}
