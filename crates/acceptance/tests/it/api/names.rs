//! Resource names: a client never builds one, because each resource names the others (AIP-122).

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, both_databases};
use cpor_proto::{
    consents::v1::GetConsentRequest,
    eligibility::v1::{GetAssessmentRequest, ListUsageRequest},
    registry::v1::LookUpAssociationsRequest,
};

both_databases![a_draft_names_neither_consent_nor_assessment, a_claim_names_what_belongs_to_it];

async fn a_draft_names_neither_consent_nor_assessment(system: &TestSystem) {
    let draft = TestClaim::create_with_evidence(system, system.presales().await).await.claim().await;
    assert_eq!((draft.consent.as_str(), draft.assessment.as_str()), ("", ""));
}

async fn a_claim_names_what_belongs_to_it(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let claim = case.claim().await;
    let consent = GetConsentRequest { name: claim.consent };
    let consent = system.fabrikam.consents().get_consent(consent).await.unwrap().into_inner();
    assert_eq!((&consent.claim, &consent.lines[0].key), (&claim.name, &claim.lines[0].key));

    let assessment = GetAssessmentRequest { name: claim.assessment, ..GetAssessmentRequest::default() };
    let assessment = case.partner.eligibility().get_assessment(assessment).await.unwrap().into_inner();
    assert_eq!((&assessment.claim, &assessment.results[0].key), (&claim.name, &claim.lines[0].key));

    let key = claim.lines[0].key.clone();
    let look_up = LookUpAssociationsRequest { key: key.clone(), ..LookUpAssociationsRequest::default() };
    let found = system.lead.registry().look_up_associations(look_up).await.unwrap().into_inner().associations;
    assert_eq!((&found[0].key, &found[0].claim), (&key, &claim.name));
    let usage = ListUsageRequest { parent: key, ..ListUsageRequest::default() };
    case.partner.eligibility().list_usage(usage).await.unwrap();
}
