//! WithdrawClaim (R25): one decision.
use super::{Answer, convert, error, view::View, words};
use crate::{
    call::Call,
    domain::{Fault, Withdraw},
    intake::Intake,
};
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use cpor_types::WithdrawReason;
use tonic::{Request, Response, Status};

pub(super) async fn withdraw_claim(
    intake: &Intake,
    request: Request<wire::WithdrawClaimRequest>,
) -> Answer<wire::Claim> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "WithdrawClaim", &request.name)?
        .etag(&request.etag)
        .once(&caller, &request.request_id, &request)
        .validate_only(request.validate_only);
    let withdraw = Withdraw::try_from(request)?;

    let judged = intake.decide(&call, move |claim, now| claim.withdraw(withdraw.clone(), now).map(Some)).await?;

    let claim = convert::claim(judged.claim, View::of(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}

impl TryFrom<wire::WithdrawClaimRequest> for Withdraw {
    type Error = Status;

    fn try_from(request: wire::WithdrawClaimRequest) -> Result<Self, Status> {
        let needed = |field| error::invalid(field, Fault::FieldRequired, "is needed");
        let reason = words::withdraw_reason_from(request.reason()).ok_or_else(|| needed("reason"))?;
        if reason == WithdrawReason::Other && request.comment.trim().is_empty() {
            return Err(needed("comment"));
        }
        Ok(Self { reason, comment: request.comment })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpor_kit::status;

    #[test]
    fn r25_another_reason_needs_words() {
        let request = |comment: &str| wire::WithdrawClaimRequest {
            reason: wire::WithdrawReason::Other.into(),
            comment: comment.to_owned(),
            ..wire::WithdrawClaimRequest::default()
        };
        let refused = Withdraw::try_from(request(" ")).unwrap_err();
        assert_eq!(status::violations(&refused)[0].field, "comment");
        assert_eq!(Withdraw::try_from(request("moved on")).unwrap().comment, "moved on");
    }
}
