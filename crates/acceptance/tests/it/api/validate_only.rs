//! `validate_only`: the response is that of the real call, and nothing changes (AIP-163).

use cpor_acceptance::{
    CONTOSO, ClaimStage, FABRIKAM, LITWARE, NORTHWIND, PDF, TestClaim, TestSystem, assert_not_allowed, assert_refused,
    assert_violations, both_databases, rows,
};
use cpor_proto::{
    claims::v1::{
        Claim, ClaimState, Comment, CreateClaimRequest, CreateCommentRequest, DeleteClaimRequest,
        DeleteEvidenceRequest, ListClaimsRequest, ResubmitClaimRequest, SubmitClaimRequest, UpdateClaimRequest,
        WithdrawClaimRequest,
    },
    consents::v1::{ApproveConsentRequest, ConsentState, DeclineConsentRequest},
    eligibility::v1::{
        ImportUsageRequest, RecordPayoutRequest, UsageMonth, import_usage_result::Outcome as UsageOutcome,
    },
    registry::v1::{
        DeclineLegacyAssociationRequest, DirectoryRow, ImportDirectoryRequest, ImportLegacyAssociationsRequest,
        LegacyAssociation, directory_row::Row, import_result::Outcome,
    },
    reviews::v1::{
        ApproveReviewCaseRequest, ArbitrateLinesRequest, Award, AwardOutcome, CreateReviewNoteRequest,
        ListReviewNotesRequest, RejectReviewCaseRequest, ReviewCaseState, ReviewNote, TakeReviewCaseRequest,
    },
    r#type::v1::{Activity, AssociationState, EvidenceKind, PrimaryRejectionReason},
};
use tonic::Code;

both_databases![
    validate_only_changes_nothing,
    validate_only_changes_no_draft,
    validate_only_changes_no_review,
    validate_only_changes_no_consent,
    validate_only_stores_no_document,
    validate_only_imports_no_directory,
    validate_only_imports_no_legacy_associations,
    validate_only_imports_no_usage,
    validate_only_awards_nothing,
    validate_only_records_no_payout,
    validate_only_refuses_like_the_real_call,
    validate_only_leaves_the_request_id_unused
];

/// Asserts that the claim and the length of its history are as before.
async fn assert_unchanged(case: &TestClaim<'_>, before: &(Claim, usize)) {
    case.system.wait_until_idle().await;
    assert_eq!(&(case.claim().await, case.history().await.len()), before);
}

async fn validate_only_changes_nothing(system: &TestSystem) {
    let create = CreateClaimRequest {
        parent: CONTOSO.into(),
        claim: Some(system.presales().await),
        validate_only: true,
        ..CreateClaimRequest::default()
    };
    let preview = system.contoso.claims().create_claim(create).await.unwrap().into_inner();
    assert_eq!((preview.state(), preview.violations.len()), (ClaimState::Editing, 1));
    let list = ListClaimsRequest { parent: CONTOSO.into(), ..ListClaimsRequest::default() };
    assert!(system.contoso.claims().list_claims(list).await.unwrap().into_inner().claims.is_empty());

    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let before = (case.claim().await, case.history().await.len());
    let (name, mut claims) = (case.name.clone(), case.partner.claims());
    let claim = Some(Claim { name: name.clone(), display_name: "Renamed".into(), ..Claim::default() });
    let update = UpdateClaimRequest { claim, validate_only: true, ..UpdateClaimRequest::default() };
    assert_eq!(claims.update_claim(update).await.unwrap().into_inner().display_name, "Renamed");
    assert_unchanged(&case, &before).await;
    let submit = SubmitClaimRequest { name: name.clone(), validate_only: true, ..SubmitClaimRequest::default() };
    assert_eq!(claims.submit_claim(submit).await.unwrap().into_inner().state(), ClaimState::Submitted);
    assert_unchanged(&case, &before).await;

    case.move_to_stage(ClaimStage::PartnerActionRequired).await;
    let before = (case.claim().await, case.history().await.len());
    let resubmit =
        ResubmitClaimRequest { name: name.clone(), comment: "Here.".into(), validate_only: true, ..Default::default() };
    assert_eq!(claims.resubmit_claim(resubmit).await.unwrap().into_inner().state(), ClaimState::Submitted);
    assert_unchanged(&case, &before).await;
    let withdraw = WithdrawClaimRequest { name, reason: 1, validate_only: true, ..WithdrawClaimRequest::default() };
    assert_eq!(claims.withdraw_claim(withdraw).await.unwrap().into_inner().state(), ClaimState::Rejected);
    assert_unchanged(&case, &before).await;
}

async fn validate_only_changes_no_draft(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let before = (case.claim().await, case.history().await.len());
    let (name, mut claims) = (case.name.clone(), case.partner.claims());
    let document = case.evidence().await[0].name.clone();
    let remove = DeleteEvidenceRequest { name: document, validate_only: true, ..DeleteEvidenceRequest::default() };
    claims.delete_evidence(remove).await.unwrap();
    assert_unchanged(&case, &before).await;
    let comment = CreateCommentRequest {
        parent: name.clone(),
        comment: Some(Comment { text: "Hello.".into(), ..Comment::default() }),
        validate_only: true,
        ..CreateCommentRequest::default()
    };
    assert_eq!(claims.create_comment(comment).await.unwrap().into_inner().text, "Hello.");
    assert!(case.comments().await.is_empty());
    let delete = DeleteClaimRequest { name, validate_only: true, ..DeleteClaimRequest::default() };
    claims.delete_claim(delete).await.unwrap();
    assert_unchanged(&case, &before).await;
}

async fn validate_only_changes_no_review(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let (name, before, mut reviews) =
        (case.review_name().await, case.review(&system.reviewer).await.unwrap(), system.reviewer.reviews());
    let take = TakeReviewCaseRequest { name: name.clone(), validate_only: true, ..TakeReviewCaseRequest::default() };
    assert_eq!(reviews.take_review_case(take).await.unwrap().into_inner().reviewer, system.reviewer.subject);
    assert_eq!(case.review(&system.reviewer).await.unwrap(), before);

    case.take(&system.reviewer).await.unwrap();
    case.start_review(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let before = case.review(&system.reviewer).await.unwrap();
    let approve =
        ApproveReviewCaseRequest { name: name.clone(), validate_only: true, ..ApproveReviewCaseRequest::default() };
    assert_eq!(reviews.approve_review_case(approve).await.unwrap().into_inner().state(), ReviewCaseState::Approving);
    let reject = RejectReviewCaseRequest {
        name: name.clone(),
        primary_reason: PrimaryRejectionReason::InsufficientPoe.into(),
        comment: "No.".into(),
        validate_only: true,
        ..RejectReviewCaseRequest::default()
    };
    assert_eq!(reviews.reject_review_case(reject).await.unwrap().into_inner().state(), ReviewCaseState::Rejected);
    let note = CreateReviewNoteRequest {
        parent: name.clone(),
        note: Some(ReviewNote { text: "Look again.".into(), ..ReviewNote::default() }),
        validate_only: true,
        ..CreateReviewNoteRequest::default()
    };
    assert_eq!(reviews.create_review_note(note).await.unwrap().into_inner().text, "Look again.");
    let notes = ListReviewNotesRequest { parent: name, ..ListReviewNotesRequest::default() };
    assert!(reviews.list_review_notes(notes).await.unwrap().into_inner().notes.is_empty());
    system.wait_until_idle().await;
    assert_eq!(case.review(&system.reviewer).await.unwrap(), before);
    assert_eq!(case.claim().await.state(), ClaimState::UnderReview);
}

async fn validate_only_changes_no_consent(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Approved).await;
    let (name, before, mut consents) = (case.consent_name(), case.consent().await.unwrap(), system.fabrikam.consents());
    let approve = ApproveConsentRequest { name: name.clone(), validate_only: true, ..ApproveConsentRequest::default() };
    assert_eq!(consents.approve_consent(approve).await.unwrap().into_inner().state(), ConsentState::Granted);
    let decline = DeclineConsentRequest { name: name.clone(), validate_only: true, ..DeclineConsentRequest::default() };
    assert_eq!(consents.decline_consent(decline).await.unwrap().into_inner().state(), ConsentState::Declined);
    system.wait_until_idle().await;
    assert_eq!(case.consent().await.unwrap(), before);
    assert_eq!(case.claim().await.state(), ClaimState::Approved);
}

async fn validate_only_stores_no_document(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let upload = async |bytes: &[u8], etag: &str| {
        let mut message = case.upload_message("proof.pdf", bytes);
        let metadata = message.metadata.as_mut().unwrap();
        (metadata.validate_only, metadata.etag) = (true, etag.to_owned());
        case.upload_parts(vec![message]).await
    };
    let before = (case.claim().await, case.history().await.len());
    let preview = upload(PDF, &before.0.etag).await.unwrap();
    assert_eq!((preview.file_name.as_str(), preview.kind()), ("proof.pdf", EvidenceKind::Pdf));
    assert_refused(upload(b"MZ", "").await, Code::InvalidArgument, "EVIDENCE_KIND_UNKNOWN");
    assert_unchanged(&case, &before).await;
    assert!(case.evidence().await.is_empty());
    assert_refused(case.download(&case.partner, &preview.name).await, Code::NotFound, "RESOURCE_NOT_FOUND");
    case.upload("proof.pdf", PDF).await.unwrap();
    assert_refused(upload(PDF, &before.0.etag).await, Code::Aborted, "ETAG_MISMATCH");
}

async fn validate_only_imports_no_directory(system: &TestSystem) {
    let (id, other) = (system.next_uuid(), system.next_uuid());
    let rows = [
        Row::Tenant(rows::tenant(&id, "Wingtip", "wingtip.example")),
        Row::Subscription(rows::subscription(&id, &other, "power-bi")),
        Row::Subscription(rows::subscription(&other, &id, "power-bi")),
        Row::Tenant(rows::tenant(&other, "Not Fabrikam", "fabrikam.example")),
        Row::Partner(rows::partner("adatum", "2002")),
        Row::Partner(rows::partner("contoso", "1001")),
        Row::Workload(rows::workload(LITWARE, "teams")),
    ];
    let rows: Vec<_> = rows.into_iter().map(|row| DirectoryRow { row: Some(row) }).collect();
    let expected = [
        Outcome::Created,
        Outcome::Created,
        Outcome::Refused,
        Outcome::Refused,
        Outcome::Refused,
        Outcome::Updated,
        Outcome::Unchanged,
    ];
    // The second call shows that the first one changed nothing, the last one that they told the
    // truth.
    for validate_only in [true, true, false] {
        let request = ImportDirectoryRequest { rows: rows.clone(), validate_only, ..Default::default() };
        let results = system.directory.registry().import_directory(request).await.unwrap().into_inner().results;
        let outcomes: Vec<_> = results.iter().map(|result| result.outcome()).collect();
        assert_eq!(outcomes, expected, "{results:#?}");
        assert_eq!(results.iter().filter(|result| result.error.is_some()).count(), 3);
    }
}

async fn validate_only_imports_no_legacy_associations(system: &TestSystem) {
    let key = format!("tenants/{FABRIKAM}/subscriptions/{}", system.create_subscription("power-bi").await);
    let row = |partner: &str, mpn_id: &str| LegacyAssociation {
        key: key.clone(),
        partner: partner.into(),
        mpn_id: mpn_id.into(),
        activities: vec![Activity::Usage.into()],
        ..LegacyAssociation::default()
    };
    let rows = vec![row(CONTOSO, "1001"), row(CONTOSO, "1001"), row(NORTHWIND, "2002")];
    for validate_only in [true, true, false] {
        let request = ImportLegacyAssociationsRequest { rows: rows.clone(), validate_only, ..Default::default() };
        let imported = system.directory.registry().import_legacy_associations(request).await.unwrap().into_inner();
        let outcomes: Vec<_> = imported.results.iter().map(|result| result.outcome()).collect();
        assert_eq!(outcomes, [Outcome::Created, Outcome::Unchanged, Outcome::Refused], "{validate_only}");
        assert_eq!(system.associations_of_key(&key, None).await.is_empty(), validate_only);
    }
    let association = system.associations_of_key(&key, None).await.remove(0);
    let decline =
        DeclineLegacyAssociationRequest { name: association.name.clone(), validate_only: true, ..Default::default() };
    let mut registry = system.fabrikam.registry();
    let preview = registry.decline_legacy_association(decline.clone()).await.unwrap().into_inner();
    assert_eq!((&preview.name, preview.state()), (&association.name, AssociationState::Ended));
    assert_eq!(system.associations_of_key(&key, None).await, [association]);
    let decline = DeclineLegacyAssociationRequest { validate_only: false, ..decline };
    assert_eq!(registry.decline_legacy_association(decline).await.unwrap().into_inner().state(), preview.state());
    assert!(system.associations_of_key(&key, None).await.is_empty());
}

async fn validate_only_imports_no_usage(system: &TestSystem) {
    let row = |active_users, month: &str| UsageMonth {
        key: format!("tenants/{LITWARE}/workloads/teams"),
        month: month.into(),
        active_users,
        ..UsageMonth::default()
    };
    let rows = vec![row(5, "2026-01"), row(6, "2026-01"), row(5, "2199-01")];
    for validate_only in [true, true, false] {
        let request = ImportUsageRequest { rows: rows.clone(), validate_only, ..Default::default() };
        let imported = system.directory.eligibility().import_usage(request).await.unwrap().into_inner();
        let outcomes: Vec<_> = imported.results.iter().map(|result| result.outcome()).collect();
        assert_eq!(outcomes, [UsageOutcome::Created, UsageOutcome::Replaced, UsageOutcome::Refused], "{validate_only}");
    }
}

async fn validate_only_awards_nothing(system: &TestSystem) {
    let claim = system.presales().await;
    let one = TestClaim::at_stage(system, claim.clone(), ClaimStage::UnderReview).await;
    let other = TestClaim::at_stage(system, system.rival_of(&claim), ClaimStage::UnderReview).await;
    let (key, winner) = (one.key(0).await, one.review_name().await);
    let arbitrate = async |key: &str, validate_only| {
        let request = ArbitrateLinesRequest {
            parent: format!("tenants/{FABRIKAM}"),
            awards: vec![Award { key: key.into(), winner: winner.clone(), ..Award::default() }],
            comment: "The newer proof convinces.".into(),
            validate_only,
            ..ArbitrateLinesRequest::default()
        };
        system.lead.reviews().arbitrate_lines(request).await
    };
    let preview = arbitrate(&key, true).await.unwrap().into_inner();
    assert_eq!((&preview.awards[0].key, preview.awards[0].outcome()), (&key, AwardOutcome::Unspecified));
    let uncontested = format!("tenants/{FABRIKAM}/workloads/teams");
    assert_refused(arbitrate(&uncontested, true).await, Code::FailedPrecondition, "AWARDS_NOT_POSSIBLE");
    system.wait_until_idle().await;
    assert!(one.claim().await.lines[0].contested && other.claim().await.lines[0].contested);
    arbitrate(&key, false).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(other.claim().await.state(), ClaimState::Rejected);
}

async fn validate_only_records_no_payout(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Official).await;
    system.advance_to("2026-05-02T00:00:00Z".parse().unwrap()).await;
    system.import_usage(&case.key(0).await, &[("2026-04", 100)]).await;
    system.wait_until_idle().await;
    #[expect(deprecated, reason = "the deprecated method must behave rightly, too")]
    let payout = async |validate_only| {
        let (payout_period, reference) = ("2026-Q2".into(), "SEPA 17".into());
        let request = RecordPayoutRequest { payout_period, reference, validate_only, ..Default::default() };
        system.manager.eligibility().record_payout(request).await
    };
    assert_refused(payout(true).await, Code::FailedPrecondition, "PAYOUT_PERIOD_NOT_OVER");
    system.advance_to("2026-07-01T00:00:00Z".parse().unwrap()).await;
    let preview = payout(true).await.unwrap().into_inner();
    assert!(preview.entry_count > 0 && !preview.amounts.is_empty(), "{preview:?}");
    assert_eq!(payout(true).await.unwrap().into_inner().amounts, preview.amounts);
    let paid = payout(false).await.unwrap().into_inner();
    assert_eq!((paid.entry_count, &paid.amounts), (preview.entry_count, &preview.amounts));
    assert_eq!(payout(true).await.unwrap().into_inner().entry_count, 0);
}

async fn validate_only_refuses_like_the_real_call(system: &TestSystem) {
    let claim = Some(Claim { mpn_id: "9999".into(), ..Claim::default() });
    let create =
        CreateClaimRequest { parent: CONTOSO.into(), claim, validate_only: true, ..CreateClaimRequest::default() };
    assert_refused(
        system.contoso.claims().create_claim(create).await,
        Code::InvalidArgument,
        "LOCATION_NOT_OF_PARTNER",
    );
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let submit = SubmitClaimRequest { name: case.name.clone(), validate_only: true, ..SubmitClaimRequest::default() };
    assert_violations(case.partner.claims().submit_claim(submit).await, &[("evidence", "EVIDENCE_REQUIRED")]);
    let withdraw = WithdrawClaimRequest {
        name: case.name.clone(),
        reason: 1,
        validate_only: true,
        ..WithdrawClaimRequest::default()
    };
    assert_not_allowed(case.partner.claims().withdraw_claim(withdraw).await, "withdraw", "editing");
}

async fn validate_only_leaves_the_request_id_unused(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let submit = SubmitClaimRequest {
        name: case.name.clone(),
        request_id: "one".into(),
        validate_only: true,
        ..Default::default()
    };
    case.partner.claims().submit_claim(submit.clone()).await.unwrap();
    let submitted = case.partner.claims().submit_claim(SubmitClaimRequest { validate_only: false, ..submit }).await;
    assert_eq!(submitted.unwrap().into_inner().state(), ClaimState::Submitted);
    assert_eq!(case.claim().await.state(), ClaimState::Submitted);
}
