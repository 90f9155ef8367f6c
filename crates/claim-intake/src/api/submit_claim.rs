//! Implements SubmitClaim, which hands a draft to review (R18). Cost: one read, one call to the
//! registry service and one transaction, all repeated if the claim changes in between.
//!
//! Like every command that needs facts from the registry, it takes six steps:
//! 1. The request is converted to a command of the domain.
//! 2. The claim is read, and the registry is asked for facts about the content of this version.
//! 3. The writer, the task that commits commands, loads the claim and applies the deadlines that
//!    have passed. If the claim's version is no longer the one of step 2, step 2 is repeated.
//! 4. The domain decides: [`Claim::submit`].
//! 5. The writer saves the claim, its lines, its history and the outgoing events in one
//!    transaction.
//! 6. The committed claim is returned.
use super::{RpcResult, convert, view::View};
use crate::{
    call::Call,
    domain::{Claim, Command, Submit},
    service::{ClaimIntake, RegistryNeed},
};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use cpor_types::{CaseId, Role};
use tonic::{Request, Response};

pub(super) async fn submit_claim(
    intake: &ClaimIntake,
    request: Request<wire::SubmitClaimRequest>,
) -> RpcResult<wire::Claim> {
    let (caller, request) = validate(request)?;
    let call = Call::new(&caller, "SubmitClaim", &request.name)?
        .with_etag(&request.etag)
        .with_request_id(&caller, &request)?
        .with_validate_only(request.validate_only);
    let by_incentives_admin = caller.roles.contains(&Role::IncentivesAdmin);
    let submit = Submit { review_case: CaseId(intake.entropy.uuid()), by_incentives_admin };

    let rules = intake.rules.clone();
    let content =
        |claim: &Claim| claim.allows(Command::Submit).then(|| (RegistryNeed::Required, claim.content.clone()));
    let outcome = intake
        .decide_with_facts(&call, content, move |claim, facts, now| claim.submit(submit, facts, &rules, now).map(Some))
        .await?;

    let claim = convert::claim_to_wire(outcome.claim, View::for_caller(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}
