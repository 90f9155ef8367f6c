//! Implements CreateClaim, which creates a draft (R16). Cost: one call to the registry service and
//! one read, if the draft contains anything that the registry can check, and one transaction.
use super::{RpcResult, convert, parse::parse_content, view::View};
use crate::{
    call::Call,
    domain::{Claim, Content, RegistryAnswer},
    error::CallError,
    service::{ClaimIntake, DecisionOutcome, RegistryNeed},
};
use cpor_proto::claims::v1 as wire;
use cpor_rpc::request::validate;
use cpor_types::{ClaimId, ClaimName, PartnerName};
use tonic::{Request, Response};

pub(super) async fn create_claim(
    intake: &ClaimIntake,
    request: Request<wire::CreateClaimRequest>,
) -> RpcResult<wire::Claim> {
    let (caller, request) = validate(request)?;
    let not_found = |_| CallError::NotFound(request.parent.clone());
    let parent: PartnerName = request.parent.parse().map_err(not_found)?;
    let name = ClaimName { partner: parent.partner, claim: ClaimId(intake.entropy.uuid()) };
    let call = Call::on_claim(&caller, "CreateClaim", &request.parent, name)
        .with_request_id(&caller, &request)?
        .with_validate_only(request.validate_only);
    let content = parse_content(request.claim.unwrap_or_default(), &*intake.entropy)?;

    let facts = intake.fetch_facts(&call, RegistryNeed::Optional, &content, None).await?;
    let outcome = create(intake, &call, call.command(), content, facts).await?;
    let claim = convert::claim_to_wire(outcome.claim, View::for_caller(&caller), &intake.rules)?;
    Ok(Response::new(claim))
}

/// Executes the `command` that creates the call's claim as a draft with `content`. `facts` are the
/// registry's answer about the content, or `None` if it did not answer. With `validate_only`, the
/// draft is returned and not stored.
pub(super) async fn create(
    intake: &ClaimIntake,
    call: &Call,
    command: cpor_durable::Command,
    content: Content,
    facts: Option<RegistryAnswer>,
) -> Result<DecisionOutcome, CallError> {
    let name = call.claim.clone();
    let create =
        move |_: Option<&Claim>, now| Claim::create(name.clone(), content.clone(), facts.as_ref(), now).map(Some);
    // Version 0 means that the claim must not exist yet.
    intake.execute(call, command.expect_version(0), create).await
}
