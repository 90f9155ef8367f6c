//! Resource names: a client never builds one, because each resource names the others (AIP-122). Ids
//! are canonical: UUIDs are accepted in upper case and answered in lower case.

use cpor_acceptance::{ClaimStage, FABRIKAM, LITWARE, TestClaim, TestSystem, assert_refused, both_databases, rows};
use cpor_proto::{
    claims::v1::{
        Claim, ClaimLine, CreateClaimRequest, GetClaimRequest, ListClaimsRequest, ListEvidenceRequest, WithdrawReason,
    },
    consents::v1::{ApproveConsentRequest, GetConsentRequest, ListConsentsRequest},
    eligibility::v1::{GetAssessmentRequest, ListUsageRequest},
    registry::v1::{
        DirectoryRow, GetTenantRequest, ImportDirectoryRequest, ListAssociationsRequest, ListSubscriptionsRequest,
        LookupAssociationsRequest, directory_row::Row,
    },
    reviews::v1::GetReviewCaseRequest,
    r#type::v1::AssociationState,
};
use tonic::Code;

both_databases![
    a_draft_names_neither_consent_nor_assessment,
    a_claim_names_what_belongs_to_it,
    a_line_names_its_associations,
    ids_in_upper_case_are_answered_in_lower_case,
    an_upper_case_tenant_has_the_same_owner,
];

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
    let look_up = LookupAssociationsRequest { key: key.clone(), ..LookupAssociationsRequest::default() };
    let found = system.lead.registry().lookup_associations(look_up).await.unwrap().into_inner().associations;
    assert_eq!((&found[0].key, &found[0].claim), (&key, &claim.name));
    let usage = ListUsageRequest { parent: key, ..ListUsageRequest::default() };
    case.partner.eligibility().list_usage(usage).await.unwrap();
}

async fn a_line_names_its_associations(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    assert!(case.claim().await.lines[0].associations.is_empty());
    case.approve_consent().await.unwrap();
    system.wait_until_idle().await;
    let named = case.claim().await.lines[0].associations.clone();
    let registered: Vec<_> = case.associations().await.into_iter().map(|association| association.name).collect();
    assert_eq!((named.len(), &named), (1, &registered));
    case.withdraw(WithdrawReason::WrongActivity, "").await.unwrap();
    system.wait_until_idle().await;
    let line = case.claim().await.lines.remove(0);
    assert_eq!((line.association_state(), line.associations), (AssociationState::Ended, named));
}

/// Writes the UUIDs in a resource name in upper case.
fn upper(name: &str) -> String {
    let segment = |segment: &str| if segment.len() == 36 { segment.to_uppercase() } else { segment.to_owned() };
    name.split('/').map(segment).collect::<Vec<_>>().join("/")
}

async fn ids_in_upper_case_are_answered_in_lower_case(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    let (claim, partner, review) = (case.claim().await, &case.partner, case.review_name().await);
    let mut claims = partner.claims();
    let found = claims.get_claim(GetClaimRequest { name: upper(&claim.name) }).await.unwrap().into_inner();
    assert_eq!(found, claim);
    let evidence = ListEvidenceRequest { parent: upper(&claim.name), ..Default::default() };
    let evidence = claims.list_evidence(evidence).await.unwrap().into_inner().evidence.remove(0);
    assert!(evidence.name.starts_with(&claim.name));
    assert_eq!(case.download(partner, &upper(&evidence.name)).await.unwrap().0, evidence);
    let filter = format!("tenant_id = {}", FABRIKAM.to_uppercase());
    let list = ListClaimsRequest { parent: "partners/contoso".into(), filter, ..Default::default() };
    assert_eq!(claims.list_claims(list).await.unwrap().into_inner().claims, std::slice::from_ref(&claim));

    let consent = GetConsentRequest { name: upper(&claim.consent) };
    let consent = system.fabrikam.consents().get_consent(consent).await.unwrap().into_inner();
    assert_eq!(consent.name, claim.consent);
    let assessment = GetAssessmentRequest { name: upper(&claim.assessment), ..Default::default() };
    let assessment = partner.eligibility().get_assessment(assessment).await.unwrap().into_inner();
    assert_eq!(assessment.name, claim.assessment);
    let found = system.reviewer.reviews().get_review_case(GetReviewCaseRequest { name: upper(&review) }).await;
    assert_eq!(found.unwrap().into_inner().name, review);

    let (key, mut registry) = (&claim.lines[0].key, system.lead.registry());
    let lookup = LookupAssociationsRequest { key: upper(key), ..Default::default() };
    let found = registry.lookup_associations(lookup).await.unwrap().into_inner().associations;
    assert_eq!((&found[0].key, &found[0].name), (key, &claim.lines[0].associations[0]));
    let (parent, of_claim) = (upper(&format!("tenants/{FABRIKAM}")), upper(&claim.name));
    let list = ListAssociationsRequest { parent, filter: format!("claim = {of_claim}"), ..Default::default() };
    assert_eq!(registry.list_associations(list).await.unwrap().into_inner().associations.len(), 1);
    let usage = ListUsageRequest { parent: upper(key), ..Default::default() };
    partner.eligibility().list_usage(usage).await.unwrap();

    let line = ClaimLine { subscription_id: claim.lines[0].subscription_id.to_uppercase(), ..claim.lines[0].clone() };
    let draft = Claim { tenant_id: claim.tenant_id.to_uppercase(), lines: vec![line], ..claim.clone() };
    let create = CreateClaimRequest { parent: "partners/contoso".into(), claim: Some(draft), ..Default::default() };
    let draft = claims.create_claim(create).await.unwrap().into_inner();
    assert_eq!(
        (&draft.tenant_id, &draft.lines[0].subscription_id),
        (&claim.tenant_id, &claim.lines[0].subscription_id)
    );

    let mut subscription = rows::subscription(FABRIKAM, &system.next_uuid(), "power-bi");
    let name = std::mem::take(&mut subscription.name);
    subscription.name = upper(&name);
    let rows = vec![DirectoryRow { row: Some(Row::Subscription(subscription)) }];
    let import = ImportDirectoryRequest { rows, ..Default::default() };
    let imported = system.directory.registry().import_directory(import).await.unwrap().into_inner();
    assert_eq!(imported.results[0].name, name);
    let list =
        ListSubscriptionsRequest { parent: format!("tenants/{FABRIKAM}"), page_size: 1000, ..Default::default() };
    let listed = registry.list_subscriptions(list).await.unwrap().into_inner().subscriptions;
    assert!(listed.iter().any(|subscription| subscription.name == name));
}

async fn an_upper_case_tenant_has_the_same_owner(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let (tenant, consent) = (upper(&format!("tenants/{FABRIKAM}")), upper(&case.consent_name()));
    let mut owner = system.fabrikam.registry();
    let found = owner.get_tenant(GetTenantRequest { name: tenant.clone() }).await.unwrap().into_inner();
    assert_eq!(found.name, format!("tenants/{FABRIKAM}"));
    let other = upper(&format!("tenants/{LITWARE}"));
    let refused = owner.get_tenant(GetTenantRequest { name: other }).await;
    assert_refused(refused, Code::NotFound, "RESOURCE_NOT_FOUND");

    let approve = ApproveConsentRequest { name: consent, ..Default::default() };
    let list = ListConsentsRequest { parent: tenant, ..Default::default() };
    let (mut owner, mut stranger) = (system.fabrikam.consents(), system.litware.consents());
    let refused = stranger.approve_consent(approve.clone()).await;
    assert_refused(refused, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_refused(stranger.list_consents(list.clone()).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_eq!(owner.list_consents(list).await.unwrap().into_inner().consents.len(), 1);
    assert_eq!(owner.approve_consent(approve).await.unwrap().into_inner().name, case.consent_name());
}
