//! R16, R17, R18: drafts, from creation to submission.

use cpor_acceptance::{
    ClaimStage, TestClaim, TestSystem, assert_not_allowed, assert_refused, both_databases, field_violations, line,
    timestamp,
};
use cpor_proto::{
    claims::v1::{Claim, ClaimCommand, ClaimState, GetClaimRequest, ListClaimsRequest, UpdateClaimRequest},
    consents::v1::ConsentState,
    reviews::v1::ReviewCaseState,
    r#type::v1::ActorSide,
};
use prost_types::FieldMask;
use tonic::Code;

both_databases![
    r16_create_checks_the_mpn_id,
    r16_a_created_claim_is_a_draft,
    r17_update_changes_the_named_fields_only,
    r17_update_without_a_mask_changes_set_fields,
    r17_a_mask_can_name_a_part_of_a_contact,
    r17_update_refuses_fields_that_cannot_change,
    r17_a_deleted_draft_is_in_no_list,
    r17_unchanged_lines_keep_their_ids,
    r18_submit_opens_case_and_consent,
];

async fn r16_create_checks_the_mpn_id(system: &TestSystem) {
    for mpn_id in ["9999", "2001"] {
        let claim = Claim { mpn_id: mpn_id.into(), ..system.presales().await };
        let request = cpor_proto::claims::v1::CreateClaimRequest {
            parent: cpor_acceptance::CONTOSO.into(),
            claim: Some(claim),
            ..Default::default()
        };
        let status = assert_refused(
            system.contoso.claims().create_claim(request).await,
            Code::InvalidArgument,
            "LOCATION_NOT_OF_PARTNER",
        );
        assert_eq!(field_violations(&status).into_iter().map(|(field, _)| field).collect::<Vec<_>>(), ["mpn_id"]);
    }
    for mpn_id in ["1001", "1002", ""] {
        let claim = Claim { mpn_id: mpn_id.into(), ..Claim::default() };
        assert_eq!(TestClaim::create_draft(system, claim).await.unwrap().claim().await.mpn_id, mpn_id);
    }
}

async fn r16_a_created_claim_is_a_draft(system: &TestSystem) {
    let entered = system.presales().await;
    let claim = TestClaim::create_draft(system, entered.clone()).await.unwrap().claim().await;
    assert_eq!(claim.state(), ClaimState::Editing);
    assert!(claim.name.starts_with("partners/contoso/claims/"), "{}", claim.name);
    assert_eq!(claim.create_time, Some(timestamp("2026-03-16T09:00:00Z")));
    assert_eq!((claim.submit_time, claim.review_case.as_str(), claim.policy.as_str()), (None, "", ""));
    let content = |claim: &Claim| {
        (claim.display_name.clone(), claim.customer_contact.clone(), claim.activities.clone(), claim.mpn_id.clone())
    };
    assert_eq!(content(&claim), content(&entered));
    let allowed: Vec<_> = claim.allowed_commands().collect();
    let expected = [
        ClaimCommand::Update,
        ClaimCommand::Delete,
        ClaimCommand::AddEvidence,
        ClaimCommand::RemoveEvidence,
        ClaimCommand::Comment,
    ];
    assert_eq!(allowed, expected, "R11: it cannot be submitted without evidence");
    let complete = TestClaim::create_with_evidence(system, system.presales().await).await.claim().await;
    assert!(complete.allowed_commands().any(|command| command == ClaimCommand::Submit));
}

async fn r17_update_changes_the_named_fields_only(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let before = case.claim().await;
    let changed = Claim {
        display_name: "Renamed".into(),
        mpn_id: "1002".into(),
        customer_name: "unnamed".into(),
        ..Claim::default()
    };
    let after = case.update(changed, &["display_name", "mpn_id"]).await.unwrap();
    assert_eq!(
        (after.display_name.as_str(), after.mpn_id.as_str(), after.customer_name.as_str()),
        ("Renamed", "1002", "")
    );
    assert_eq!((&after.lines, &after.customer_contact), (&before.lines, &before.customer_contact));
    assert_ne!(after.etag, before.etag);
    let cleared = case.update(Claim::default(), &["customer_contact"]).await.unwrap();
    assert_eq!(cleared.customer_contact.unwrap_or_default(), cpor_proto::r#type::v1::Contact::default());
    let entry = case.entry("updated").await;
    assert_eq!(
        (entry.side(), entry.changes.len(), entry.changes[0].field.as_str()),
        (ActorSide::Partner, 1, "customer_contact")
    );
    assert!(entry.changes[0].old_value.contains("Jana"));
}

async fn r17_update_without_a_mask_changes_set_fields(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let change = Claim { name: case.name.clone(), display_name: "Renamed".into(), ..Claim::default() };
    let request = UpdateClaimRequest { claim: Some(change.clone()), ..UpdateClaimRequest::default() };
    let after = case.partner.claims().update_claim(request).await.unwrap().into_inner();
    assert_eq!((after.display_name.as_str(), after.lines.len()), ("Renamed", 1));
    let all = Some(FieldMask { paths: vec!["*".into()] });
    let request = UpdateClaimRequest { claim: Some(change), update_mask: all, ..UpdateClaimRequest::default() };
    let after = case.partner.claims().update_claim(request).await.unwrap().into_inner();
    assert_eq!((after.display_name.as_str(), after.lines.len(), after.mpn_id.as_str()), ("Renamed", 0, ""));
}

async fn r17_a_mask_can_name_a_part_of_a_contact(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let before = case.claim().await.customer_contact.unwrap();
    let address = Some(cpor_proto::r#type::v1::Contact { email: "new@fabrikam.example".into(), ..Default::default() });
    let change = Claim { customer_contact: address, ..Claim::default() };
    let after = case.update(change, &["customer_contact.email"]).await.unwrap().customer_contact.unwrap();
    assert_eq!((&after.name, &after.title), (&before.name, &before.title));
    assert_eq!(after.email, "new@fabrikam.example");
    let cleared = case.update(Claim::default(), &["customer_contact.title"]).await.unwrap();
    assert_eq!(cleared.customer_contact.unwrap().title, "");
    let renamed = case.update(Claim { display_name: "Renamed".into(), ..Claim::default() }, &[]).await.unwrap();
    assert_eq!(renamed.display_name, "Renamed", "an empty mask is no mask");
}

async fn r17_update_refuses_fields_that_cannot_change(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    for field in ["state", "etag", "nonsense", "lines[0]", "violations", "customer_contact.phone"] {
        assert_refused(case.update(Claim::default(), &[field]).await, Code::InvalidArgument, "UNKNOWN_UPDATE_FIELD");
    }
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    assert_not_allowed(case.update(Claim::default(), &["display_name"]).await, "update", "under_review");
}

async fn r17_a_deleted_draft_is_in_no_list(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    case.delete().await.unwrap();
    let request = GetClaimRequest { name: case.name.clone() };
    assert_refused(case.partner.claims().get_claim(request).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    let request = ListClaimsRequest { parent: cpor_acceptance::CONTOSO.into(), ..ListClaimsRequest::default() };
    assert!(case.partner.claims().list_claims(request).await.unwrap().into_inner().claims.is_empty());
    assert_refused(case.delete().await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_refused(case.submit().await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_refused(case.upload("late.pdf", cpor_acceptance::PDF).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_not_allowed(
        TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await.delete().await,
        "delete",
        "submitted",
    );
}

async fn r17_unchanged_lines_keep_their_ids(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let first = case.claim().await.lines.remove(0);
    let second = line("dynamics-365-sales", &system.create_subscription("dynamics-365-sales").await);
    let lines = vec![second, first.clone()];
    let after = case.update(Claim { lines, ..Claim::default() }, &["lines"]).await.unwrap().lines;
    assert_eq!(after[1].line_id, first.line_id);
    assert_ne!(after[0].line_id, first.line_id);
}

async fn r18_submit_opens_case_and_consent(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let claim = case.submit().await.unwrap();
    assert_eq!((claim.state(), claim.submit_time), (ClaimState::Submitted, Some(timestamp("2026-03-16T09:00:00Z"))));
    assert_eq!(claim.review_case, "", "the partner does not see the review case");
    system.wait_until_idle().await;
    let review = case.review(&system.reviewer).await.unwrap();
    assert_eq!((review.state(), review.round, review.reviewer.as_str()), (ReviewCaseState::Waiting, 1, ""));
    assert_eq!(
        (review.claim.as_str(), review.partner_display_name.as_str()),
        (case.name.as_str(), "Contoso Consulting GmbH")
    );
    assert_eq!(review.lines[0].key, claim.lines[0].key);
    assert_eq!(case.consent().await.unwrap().state(), ConsentState::Requested);
    assert_not_allowed(case.submit().await, "submit", "submitted");
}
