//! Each resource can be read by its name (AIP-131). `identity::matrix` shows who may see it.

use cpor_acceptance::{
    Actor, ApiResult, ClaimStage, Method, PDF, TestClaim, TestSystem, assert_refused, both_databases, methods,
};
use cpor_proto::{
    claims::v1::{GetCommentRequest, GetEvidenceRequest},
    reviews::v1::GetArbitrationRequest,
};
use prost_reflect::{DescriptorPool, MessageDescriptor};
use tonic::Code;

both_databases![r14_a_removed_document_is_not_found, r37_an_arbitration_can_be_read_later,];

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
