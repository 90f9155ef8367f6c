//! `validate_only`: the response is that of the real call, and nothing changes (AIP-163).

use cpor_acceptance::{
    CONTOSO, ClaimStage, TestClaim, TestSystem, assert_not_allowed, assert_refused, assert_violations, both_databases,
};
use cpor_proto::{
    claims::v1::{
        Claim, ClaimState, Comment, CreateClaimRequest, CreateCommentRequest, DeleteClaimRequest,
        DeleteEvidenceRequest, ListClaimsRequest, ResubmitClaimRequest, SubmitClaimRequest, UpdateClaimRequest,
        WithdrawClaimRequest,
    },
    consents::v1::{ApproveConsentRequest, ConsentState, DeclineConsentRequest},
    reviews::v1::{
        ApproveReviewCaseRequest, CreateReviewNoteRequest, ListReviewNotesRequest, RejectReviewCaseRequest,
        ReviewCaseState, ReviewNote, TakeReviewCaseRequest,
    },
    r#type::v1::PrimaryRejectionReason,
};
use tonic::Code;

both_databases![
    validate_only_changes_nothing,
    validate_only_changes_no_draft,
    validate_only_changes_no_review,
    validate_only_changes_no_consent,
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
