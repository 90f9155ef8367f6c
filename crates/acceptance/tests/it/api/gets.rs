//! Each resource can be read by its name (AIP-131), by the callers that may see it.

use cpor_acceptance::{
    Actor, ApiResult, ClaimStage, Method, PDF, TestClaim, TestSystem, assert_refused, both_databases, call, decode,
    encode, methods,
};
use cpor_proto::{
    claims::v1::{GetCommentRequest, GetEvidenceRequest},
    reviews::v1::GetArbitrationRequest,
};
use cpor_types::{ActorSide, Role};
use prost_reflect::{DescriptorPool, MessageDescriptor};
use serde_json::Value;
use tonic::{Code, Status};

use crate::identity::{AccessFixture, ResourceNames, requests::request_for, roles::anonymized};

both_databases![
    a_get_shows_a_resource_to_those_who_may_see_it,
    r14_a_removed_document_is_not_found,
    r37_an_arbitration_can_be_read_later,
];

/// The messages that are annotated as resources.
fn resources() -> Vec<MessageDescriptor> {
    let pool = DescriptorPool::decode(cpor_proto::DESCRIPTOR_SET).unwrap();
    let resource = pool.get_extension_by_name("google.api.resource").unwrap();
    pool.all_messages().filter(|message| message.options().has_extension(&resource)).collect()
}

/// The method that gets a resource.
fn get_method(resource: &MessageDescriptor) -> Option<Method> {
    let name = format!("Get{}", resource.name());
    methods().into_iter().find(|method| method.name == name && method.output.full_name() == resource.full_name())
}

#[test]
fn every_resource_has_a_get() {
    let resources = resources();
    assert!(resources.len() >= 15, "only {} resources in the descriptors", resources.len());
    for resource in resources {
        let get = get_method(&resource).unwrap_or_else(|| panic!("{} has no Get method", resource.full_name()));
        assert!(get.input.get_field_by_name("name").is_some(), "{} does not take a name", get.path);
    }
}

async fn a_get_shows_a_resource_to_those_who_may_see_it(system: &TestSystem) {
    let fixture = AccessFixture::create(system).await;
    system.wait_until_idle().await;
    // The fixture has no payout; see `r54a_partners_see_their_own_payouts`.
    let mut gets: Vec<_> = resources().iter().filter_map(get_method).collect();
    gets.retain(|method| method.name != "GetPayout");
    for method in &gets {
        for role in Role::ALL {
            assert_visibility(&system.actor_with_role(*role), *role, method, &fixture).await;
        }
    }
}

/// Gets an own resource, one of another owner, and one that does not exist.
async fn assert_visibility(actor: &Actor, role: Role, method: &Method, fixture: &AccessFixture) {
    let place = format!("{role} at {}", method.path);
    let request = |names: &ResourceNames| request_for(method, names);
    let (own, other) = (request(&fixture.own), request(&fixture.other));
    let missing = Some(request(&fixture.nothing)).filter(|missing| *missing != own).unwrap_or_else(|| sibling(&own));
    if !method.roles.contains(&role) {
        for request in [&own, &other, &missing] {
            assert_refused(get(actor, method, request).await, Code::PermissionDenied, "ROLE_NOT_ALLOWED");
        }
        return;
    }
    assert_eq!(get(actor, method, &own).await.as_deref().ok(), own["name"].as_str(), "{place}");
    let refusal = |request: &Value, outcome: Result<String, Status>| {
        let status = assert_refused(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
        let name = request["name"].as_str().unwrap();
        assert_eq!(cpor_acceptance::metadata(&status, "resource"), name, "{place}");
        (status.message().replace(name, "<name>"), anonymized(Err(status), &fixture.nothing).map(drop).unwrap_err().2)
    };
    let not_there = refusal(&missing, get(actor, method, &missing).await);
    let sees_own_only = matches!(role.side(), ActorSide::Partner | ActorSide::Customer);
    if sees_own_only && other != own {
        assert_eq!(refusal(&other, get(actor, method, &other).await), not_there, "{place}");
    } else {
        assert_eq!(get(actor, method, &other).await.as_deref().ok(), other["name"].as_str(), "{place}");
    }
}

/// The name of the resource that a method returns.
async fn get(actor: &Actor, method: &Method, request: &Value) -> Result<String, Status> {
    let (_, messages) = call(actor, method, encode(&method.input, request)).await?;
    let name = decode(&method.output, &messages[0]).get_field_by_name("name").unwrap().into_owned();
    Ok(name.as_str().unwrap().to_owned())
}

/// The same request for another id, which does not exist.
fn sibling(request: &Value) -> Value {
    let (collection, _) = request["name"].as_str().unwrap().rsplit_once('/').unwrap();
    serde_json::json!({"name": format!("{collection}/nothing")})
}

async fn r14_a_removed_document_is_not_found(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let document = case.upload("rollout-protocol.pdf", PDF).await.unwrap();
    let get = async |actor: &Actor| -> ApiResult<_> {
        let request = GetEvidenceRequest { name: document.name.clone() };
        Ok(actor.claims().get_evidence(request).await?.into_inner())
    };
    assert_eq!(get(&system.contoso).await.unwrap(), document);
    let comment = case.comment(&system.contoso, "The protocol is signed.").await.unwrap();
    let request = GetCommentRequest { name: comment.name.clone() };
    assert_eq!(system.contoso_user.claims().get_comment(request).await.unwrap().into_inner(), comment);
    case.remove(&document.name).await.unwrap();
    for actor in [&system.contoso, &system.reviewer] {
        assert_refused(get(actor).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    }
}

async fn r37_an_arbitration_can_be_read_later(system: &TestSystem) {
    let claim = system.presales().await;
    let winner = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let arbitration = winner.award(&system.lead, &[&winner.key(0).await]).await.unwrap();
    system.wait_until_idle().await;
    let request = GetArbitrationRequest { name: arbitration.name.clone() };
    let found = system.reviewer.reviews().get_arbitration(request).await.unwrap().into_inner();
    assert_eq!((&found.awards, found.create_time), (&arbitration.awards, arbitration.create_time));
    assert_eq!((found.comment.as_str(), found.author.as_str()), ("", ""), "erased when it was done (R56)");
}
