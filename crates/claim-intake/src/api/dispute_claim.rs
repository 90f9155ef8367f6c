//! DisputeClaim (R28): as SubmitClaim, one read, one call of the registry, one decision; repeated while the claim moves.
use super::{Answer, convert, create_comment::Said, view::View};
use crate::{
    call::Call,
    domain::{Claim, Command, Dispute},
    intake::{Intake, Need},
};
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use cpor_types::CaseId;
use tonic::{Request, Response};

pub(super) async fn dispute_claim(intake: &Intake, request: Request<wire::DisputeClaimRequest>) -> Answer<wire::Claim> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "DisputeClaim", &request.name)?
        .etag(&request.etag)
        .once(&caller, &request.request_id, &request)
        .validate_only(request.validate_only);
    let said = Said::of(intake, &call, &request.justification);
    let review_case = CaseId(intake.entropy.uuid());

    let rules = intake.rules.clone();
    let content = |claim: &Claim| claim.admits(Command::Dispute).then(|| (Need::Submission, claim.content_disputed()));
    let judged = intake
        .decide_with_facts(&call, content, move |claim, facts, now| {
            let dispute = Dispute { review_case, justification: said.as_ref().map(|said| said.at(now)) };
            claim.dispute(dispute, facts, &rules, now).map(Some)
        })
        .await?;

    let claim = convert::claim(judged.claim, View::of(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}
