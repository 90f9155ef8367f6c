//! SubmitClaim (R18), in the six steps of every command: one read, one call of the registry, one decision; repeated
//! while the claim moves.
//!
//! 1. The request becomes a command.
//! 2. The claim is read, and the registry asked about its content: facts of one version.
//! 3. The writer loads the claim, with its deadlines applied; on another version, back to 2.
//! 4. The claim decides: [`Claim::submit`].
//! 5. The writer saves claim, lines, history and events, in one transaction.
//! 6. The claim as it has become is the answer.
use super::{Answer, convert, view::View};
use crate::{
    call::Call,
    domain::{Claim, Command, Submit},
    intake::{Intake, Need},
};
use cpor_kit::request::open;
use cpor_proto::claims::v1 as wire;
use cpor_types::CaseId;
use tonic::{Request, Response};

pub(super) async fn submit_claim(intake: &Intake, request: Request<wire::SubmitClaimRequest>) -> Answer<wire::Claim> {
    let (caller, request) = open(request)?;
    let call = Call::new(&caller, "SubmitClaim", &request.name)?
        .etag(&request.etag)
        .once(&caller, &request.request_id, &request)
        .validate_only(request.validate_only);
    let submit = Submit { review_case: CaseId(intake.entropy.uuid()) };

    let rules = intake.rules.clone();
    let content = |claim: &Claim| claim.admits(Command::Submit).then(|| (Need::Submission, claim.content.clone()));
    let judged = intake
        .decide_with_facts(&call, content, move |claim, facts, now| claim.submit(submit, facts, &rules, now).map(Some))
        .await?;

    let claim = convert::claim(judged.claim, View::of(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}
