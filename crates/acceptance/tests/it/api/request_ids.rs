//! `request_id`: a request can be repeated safely, and another request with the same id is refused
//! (AIP-155).

use cpor_acceptance::{
    ApiResult, CONTOSO, ClaimStage, LITWARE, PDF, TestClaim, TestSystem, assert_refused, both_databases, rows,
};
use cpor_proto::{
    claims::v1::{
        Claim, ClaimState, Comment, CreateClaimRequest, CreateCommentRequest, DeleteClaimRequest, SubmitClaimRequest,
        UpdateClaimRequest, WithdrawClaimRequest, WithdrawReason,
    },
    consents::v1::DeclineConsentRequest,
    eligibility::v1::{ImportUsageRequest, UsageMonth, import_usage_result::Outcome as UsageOutcome},
    registry::v1::{DirectoryRow, ImportDirectoryRequest, Partner, directory_row::Row, import_result::Outcome},
    reviews::v1::TakeReviewCaseRequest,
};
use tonic::Code;

both_databases![
    a_replay_returns_the_first_response,
    a_replay_changes_nothing,
    another_request_with_the_same_id_is_refused,
    request_ids_are_scoped_to_caller_and_method,
    a_refused_request_can_be_retried,
    a_replay_returns_the_current_claim,
    a_replayed_upload_returns_its_own_document,
    a_replay_after_the_deletion_returns_the_first_response,
    a_replayed_directory_import_changes_nothing,
    a_replayed_usage_import_changes_nothing,
];

async fn create(system: &TestSystem, id: &str, display_name: &str) -> ApiResult<Claim> {
    let claim = Some(Claim { display_name: display_name.into(), ..Claim::default() });
    let request = CreateClaimRequest { parent: CONTOSO.into(), claim, request_id: id.into(), validate_only: false };
    Ok(system.contoso.claims().create_claim(request).await?.into_inner())
}

async fn a_replay_returns_the_first_response(system: &TestSystem) {
    let first = create(system, "one", "A").await.unwrap();
    system.advance_by(chrono::TimeDelta::hours(1)).await;
    assert_eq!(create(system, "one", "A").await.unwrap(), first);
    assert_ne!(create(system, "two", "A").await.unwrap().name, first.name);
    assert_ne!(
        create(system, "", "A").await.unwrap().name,
        create(system, "", "A").await.unwrap().name,
        "without an id every request is new"
    );
}

async fn a_replay_changes_nothing(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let request = CreateCommentRequest {
        parent: case.name.clone(),
        comment: Some(Comment { text: "Once.".into(), ..Comment::default() }),
        request_id: "comment".into(),
        ..CreateCommentRequest::default()
    };
    let first = case.partner.claims().create_comment(request.clone()).await.unwrap().into_inner();
    assert_eq!(case.partner.claims().create_comment(request).await.unwrap().into_inner(), first);
    assert_eq!(case.comments().await, [first]);

    let take =
        TakeReviewCaseRequest { name: case.review_name().await, request_id: "take".into(), ..Default::default() };
    let first = system.reviewer.reviews().take_review_case(take.clone()).await.unwrap().into_inner();
    assert_eq!(
        system.reviewer.reviews().take_review_case(take).await.unwrap().into_inner(),
        first,
        "not ALREADY_ASSIGNED"
    );

    let decline = DeclineConsentRequest { name: case.consent_name(), request_id: "no".into(), ..Default::default() };
    let first = system.fabrikam.consents().decline_consent(decline.clone()).await.unwrap().into_inner();
    system.wait_until_idle().await;
    let again = system.fabrikam.consents().decline_consent(decline).await.unwrap().into_inner();
    assert_eq!((again.state, again.decline_time), (first.state, first.decline_time));

    let mut message = case.upload_message("proof.pdf", PDF);
    message.metadata.as_mut().unwrap().request_id = "upload".into();
    let other = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    message.metadata.as_mut().unwrap().parent = other.name.clone();
    let first = other.upload_parts(vec![message.clone()]).await.unwrap();
    assert_eq!(other.upload_parts(vec![message]).await.unwrap(), first);
    assert_eq!(other.evidence().await, [first]);
}

async fn another_request_with_the_same_id_is_refused(system: &TestSystem) {
    create(system, "one", "A").await.unwrap();
    assert_refused(create(system, "one", "B").await, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let withdraw = |reason: WithdrawReason| WithdrawClaimRequest {
        name: case.name.clone(),
        reason: reason.into(),
        request_id: "two".into(),
        ..WithdrawClaimRequest::default()
    };
    case.partner.claims().withdraw_claim(withdraw(WithdrawReason::WrongMpnId)).await.unwrap();
    let other = case.partner.claims().withdraw_claim(withdraw(WithdrawReason::WrongActivity)).await;
    assert_refused(other, Code::InvalidArgument, "REQUEST_ID_REUSED");
}

async fn request_ids_are_scoped_to_caller_and_method(system: &TestSystem) {
    let first = create(system, "one", "A").await.unwrap();
    let claim = Some(Claim { display_name: "A".into(), ..Claim::default() });
    let request = CreateClaimRequest { parent: CONTOSO.into(), claim, request_id: "one".into(), validate_only: false };
    let second = system.contoso_user.claims().create_claim(request).await.unwrap().into_inner();
    assert_ne!(first.name, second.name, "the id of another caller");
    let delete =
        DeleteClaimRequest { name: first.name.clone(), request_id: "one".into(), ..DeleteClaimRequest::default() };
    system.contoso.claims().delete_claim(delete).await.unwrap();
}

async fn a_refused_request_can_be_retried(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let submit =
        SubmitClaimRequest { name: case.name.clone(), request_id: "submit".into(), ..SubmitClaimRequest::default() };
    assert_refused(case.partner.claims().submit_claim(submit.clone()).await, Code::InvalidArgument, "CLAIM_INCOMPLETE");
    case.upload("proof.pdf", PDF).await.unwrap();
    case.partner.claims().submit_claim(submit).await.unwrap();
}

async fn a_replay_returns_the_current_claim(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let submit =
        SubmitClaimRequest { name: case.name.clone(), request_id: "submit".into(), ..SubmitClaimRequest::default() };
    let first = case.partner.claims().submit_claim(submit.clone()).await.unwrap().into_inner();
    assert_eq!(first.state(), ClaimState::Submitted);
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    let again = case.partner.claims().submit_claim(submit).await.unwrap().into_inner();
    assert_eq!((again.name, again.state), (first.name, ClaimState::UnderReview.into()), "not COMMAND_NOT_ALLOWED");
    assert_eq!(case.history().await.iter().filter(|entry| entry.action == "submitted").count(), 1);
}

async fn a_replayed_directory_import_changes_nothing(system: &TestSystem) {
    let import = async |id: &str, display_name: &str| {
        let partner = Partner { display_name: display_name.into(), ..rows::partner("contoso", "1001") };
        let rows = vec![DirectoryRow { row: Some(Row::Partner(partner)) }];
        let request = ImportDirectoryRequest { rows, request_id: id.into(), ..Default::default() };
        system.directory.registry().import_directory(request).await.unwrap().into_inner().results.remove(0)
    };
    assert_eq!(import("one", "A").await.outcome(), Outcome::Updated);
    assert_eq!(import("two", "B").await.outcome(), Outcome::Updated);
    assert_eq!(import("one", "A").await.outcome(), Outcome::Unchanged);
    assert_eq!(import("", "B").await.outcome(), Outcome::Unchanged, "the repeated row did not bring A back");
    let reused = import("one", "C").await;
    assert_eq!(reused.outcome(), Outcome::Refused);
    assert!(reused.error.unwrap().message.contains("request_id: was already used"));
}

async fn a_replayed_usage_import_changes_nothing(system: &TestSystem) {
    let import = async |id: &str, users: &[i64]| {
        let row = |active_users: &i64| UsageMonth {
            key: format!("tenants/{LITWARE}/workloads/teams"),
            month: "2026-01".into(),
            active_users: *active_users,
            ..UsageMonth::default()
        };
        let rows = users.iter().map(row).collect();
        let request = ImportUsageRequest { rows, request_id: id.into(), ..Default::default() };
        let imported = system.directory.eligibility().import_usage(request).await.unwrap().into_inner();
        imported.results.iter().map(|result| result.outcome()).collect::<Vec<_>>()
    };
    assert_eq!(import("one", &[5]).await, [UsageOutcome::Created]);
    assert_eq!(import("two", &[6]).await, [UsageOutcome::Replaced]);
    assert_eq!(import("one", &[5]).await, [UsageOutcome::Unchanged]);
    assert_eq!(import("", &[6]).await, [UsageOutcome::Unchanged], "the repeated row did not bring 5 back");
    assert_eq!(import("one", &[7, 8]).await, [UsageOutcome::Refused, UsageOutcome::Replaced]);
}

async fn a_replayed_upload_returns_its_own_document(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let upload = async |id: &str| {
        let mut message = case.upload_message("proof.pdf", PDF);
        message.metadata.as_mut().unwrap().request_id = id.into();
        case.upload_parts(vec![message]).await.unwrap()
    };
    let first = upload("one").await;
    let second = upload("two").await;
    assert_ne!(first.name, second.name, "two requests with the same content");
    assert_eq!(upload("two").await, second);
    assert_eq!(upload("one").await, first);
    case.remove(&first.name).await.unwrap();
    assert_eq!(upload("one").await, first, "the document was removed meanwhile");
    assert_eq!(case.evidence().await, [second]);
}

async fn a_replay_after_the_deletion_returns_the_first_response(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let upload = async |id: &str| {
        let mut message = case.upload_message("proof.pdf", PDF);
        message.metadata.as_mut().unwrap().request_id = id.into();
        case.upload_parts(vec![message]).await
    };
    let update = async |id: &str| {
        let claim = Some(Claim { name: case.name.clone(), display_name: "New".into(), ..Claim::default() });
        let request = UpdateClaimRequest { claim, request_id: id.into(), ..UpdateClaimRequest::default() };
        case.partner.claims().update_claim(request).await.map(tonic::Response::into_inner)
    };
    let (uploaded, updated) = (upload("one").await.unwrap(), update("one").await.unwrap());
    case.delete().await.unwrap();
    assert_eq!(upload("one").await.unwrap(), uploaded);
    assert_eq!(update("one").await.unwrap().name, updated.name);
    assert_refused(upload("two").await, Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_refused(update("two").await, Code::NotFound, "RESOURCE_NOT_FOUND");
}
