//! Tests of drafts and their submission through the API.
use crate::fixture::TestSystem;
use cpor_call::status;
use cpor_proto::claims::v1 as wire;
use cpor_testing::on_both_databases;
use tonic::Code;

use crate::fixture::{claim, reason};

on_both_databases![
    r11_a_draft_shows_what_a_submission_refuses,
    text_that_cannot_be_stored_is_refused_by_its_field,
    r18_a_complete_claim_is_submitted,
    r38_a_line_is_claimed_once_by_one_company,
    r38_one_of_several_concurrent_submissions_wins,
    only_submissions_require_the_registry,
    r16_a_draft_for_another_companys_location_is_refused,
    r17_a_draft_is_changed_and_deleted,
    validate_only_changes_nothing,
    a_submission_is_repeated_if_the_claim_changes,
];

/// R10–R12: a submission is refused with the violations that the draft shows.
async fn r11_a_draft_shows_what_a_submission_refuses(system: TestSystem) {
    let draft = system
        .create(wire::Claim { display_name: String::new(), customer_domain: "x.example".into(), ..claim() })
        .await
        .unwrap();
    let shown: Vec<_> =
        draft.violations.iter().map(|violation| (violation.field.clone(), violation.reason.clone())).collect();
    let refused = system.submit(&draft.name).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "CLAIM_INCOMPLETE"));
    let refused: Vec<_> =
        status::field_violations(&refused).into_iter().map(|violation| (violation.field, violation.reason)).collect();
    assert_eq!(shown, refused);
    let expected = [
        ("display_name", "FIELD_REQUIRED"),
        ("evidence", "EVIDENCE_REQUIRED"),
        ("customer_domain", "DOMAIN_NOT_OF_TENANT"),
    ];
    assert_eq!(shown, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
}

/// A text with U+0000, which PostgreSQL cannot store, is refused on both databases.
async fn text_that_cannot_be_stored_is_refused_by_its_field(system: TestSystem) {
    let refused = system.create(wire::Claim { display_name: "a\0b".into(), ..claim() }).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    let violation = status::field_violations(&refused).remove(0);
    assert_eq!((violation.field.as_str(), violation.reason.as_str()), ("claim.display_name", "STRING_NUL"));
}

/// R18: the submission fixes the policy and changes the state.
async fn r18_a_complete_claim_is_submitted(system: TestSystem) {
    let draft = system.complete_draft().await;
    assert_eq!(draft.violations, []);
    assert_eq!(
        (&draft.lines[0].key, draft.evidence_count),
        (&format!("tenants/{}/workloads/teams", draft.tenant_id), 1)
    );
    let submitted = system.submit(&draft.name).await.unwrap();
    assert_eq!(submitted.state(), wire::ClaimState::Submitted);
    assert_eq!((submitted.policy.as_str(), submitted.review_case.as_str()), ("2021@1", ""));
    assert_ne!(submitted.etag, draft.etag);
    assert_eq!(system.get(&draft.name).await.unwrap(), submitted);
    let again = system.submit(&draft.name).await.unwrap_err();
    assert_eq!((again.code(), reason(&again).as_str()), (Code::FailedPrecondition, "COMMAND_NOT_ALLOWED"));
    assert_eq!(status::metadata(&again, "allowed").unwrap(), "UPDATE,WITHDRAW,ADD_EVIDENCE,COMMENT");
}

/// R38: a second claim of a company for the same line is refused until the first one is closed.
async fn r38_a_line_is_claimed_once_by_one_company(system: TestSystem) {
    let first = system.submitted_claim().await;
    let second = system.complete_draft().await;
    assert_eq!(
        second.violations.iter().map(|violation| violation.reason.as_str()).collect::<Vec<_>>(),
        ["ALREADY_CLAIMED"]
    );
    let refused = system.submit(&second.name).await.unwrap_err();
    assert_eq!(status::field_violations(&refused)[0].field, "lines[0]");
    let withdraw = wire::WithdrawClaimRequest {
        name: first.name,
        reason: wire::WithdrawReason::WrongActivity.into(),
        ..Default::default()
    };
    system.contoso().withdraw_claim(withdraw).await.unwrap();
    assert_eq!(system.submit(&second.name).await.unwrap().state(), wire::ClaimState::Submitted);
}

/// R38: the unique index decides between concurrent submissions.
async fn r38_one_of_several_concurrent_submissions_wins(system: TestSystem) {
    let mut drafts = Vec::new();
    for _ in 0..8 {
        drafts.push(system.complete_draft().await.name);
    }
    let submissions = drafts.iter().map(|name| system.submit(name));
    let answers = futures_util::future::join_all(submissions).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (1, 7));
    for refused in refused {
        let refused = refused.unwrap_err();
        assert_eq!(reason(&refused), "CLAIM_INCOMPLETE");
        assert_eq!(status::field_violations(&refused)[0].reason, "ALREADY_CLAIMED");
    }
}

/// R16, R17: a draft is stored without the registry, and a submission needs it.
async fn only_submissions_require_the_registry(system: TestSystem) {
    system.registry.fake.simulate_outage();
    let draft = system.complete_draft().await;
    assert_eq!((draft.violations.len(), draft.lines[0].key.as_str()), (0, ""));
    let refused = system.submit(&draft.name).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "REGISTRY_UNAVAILABLE"));
    assert!(status::retry_after(&refused).is_some());
    system.registry.fake.end_outage();
    system.submit(&draft.name).await.unwrap();
}

/// R16: the MPN id of a draft must belong to the company.
async fn r16_a_draft_for_another_companys_location_is_refused(system: TestSystem) {
    let refused = system.create(wire::Claim { mpn_id: "9999".into(), ..claim() }).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "LOCATION_NOT_OF_PARTNER"));
}

/// R17: an update checks the etag. A deleted draft is not violation, but its history remains.
async fn r17_a_draft_is_changed_and_deleted(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let update = |etag: &str| wire::UpdateClaimRequest {
        claim: Some(wire::Claim {
            name: draft.name.clone(),
            display_name: "new".into(),
            etag: etag.into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let updated = system.contoso().update_claim(update(&draft.etag)).await.unwrap().into_inner();
    assert_eq!((updated.display_name.as_str(), &updated.lines), ("new", &draft.lines));
    let stale = system.contoso().update_claim(update(&draft.etag)).await.unwrap_err();
    assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
    let delete = wire::DeleteClaimRequest { name: draft.name.clone(), ..Default::default() };
    system.contoso().delete_claim(delete.clone()).await.unwrap();
    let not_found = system.get(&draft.name).await.unwrap_err();
    assert_eq!((not_found.code(), reason(&not_found).as_str()), (Code::NotFound, "RESOURCE_NOT_FOUND"));
    assert_eq!(system.contoso().delete_claim(delete).await.unwrap_err().code(), Code::NotFound);
    let history = system.history(&mut system.contoso(), &draft.name).await;
    assert_eq!(
        history.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(),
        ["created", "updated", "deleted"]
    );
}

/// AIP-163: the request is checked and nothing is stored.
async fn validate_only_changes_nothing(system: TestSystem) {
    let draft = system.complete_draft().await;
    let request = wire::SubmitClaimRequest { name: draft.name.clone(), validate_only: true, ..Default::default() };
    let preview = system.contoso().submit_claim(request).await.unwrap().into_inner();
    assert_eq!(preview.state(), wire::ClaimState::Submitted);
    assert_eq!(system.get(&draft.name).await.unwrap(), draft);
    let request = wire::CreateClaimRequest {
        parent: "partners/contoso".into(),
        claim: Some(claim()),
        validate_only: true,
        ..Default::default()
    };
    let preview = system.contoso().create_claim(request).await.unwrap().into_inner();
    assert_eq!(system.get(&preview.name).await.unwrap_err().code(), Code::NotFound);
}

/// The facts belong to one version of the claim. If the claim changes, they are fetched again,
/// up to three times.
async fn a_submission_is_repeated_if_the_claim_changes(system: TestSystem) {
    let draft = system.complete_draft().await;
    let change_during_check = |times: usize| {
        let (client, parent) = (system.contoso(), draft.name.clone());
        let comment = wire::Comment { text: "meanwhile".into(), ..Default::default() };
        let request = wire::CreateCommentRequest { parent, comment: Some(comment), ..Default::default() };
        for _ in 0..times {
            let (mut client, request) = (client.clone(), request.clone());
            let add_comment = async move { drop(client.create_comment(request).await.unwrap()) };
            system.registry.during_next_check(add_comment);
        }
    };
    change_during_check(3);
    let refused = system.submit(&draft.name).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Aborted, "CONCURRENT_CHANGE"));
    change_during_check(2);
    assert_eq!(system.submit(&draft.name).await.unwrap().state(), wire::ClaimState::Submitted);
}
