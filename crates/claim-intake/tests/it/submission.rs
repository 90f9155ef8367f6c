//! Drafts and their submission, through the API.
use cpor_kit::status;
use cpor_proto::claims::v1 as wire;
use futures_util::FutureExt as _;
use tonic::Code;

use crate::stage::{claim, on_both, reason};

on_both! {
    /// R10–R12: a draft tells what is wrong with it, and a submission refuses just that.
    async fn r11_a_draft_tells_what_a_submission_refuses(stage: Stage) {
        let draft = stage
            .create(wire::Claim { display_name: String::new(), customer_domain: "x.example".into(), ..claim() })
            .await
            .unwrap();
        let told: Vec<_> = draft.violations.iter().map(|found| (found.field.clone(), found.reason.clone())).collect();
        let refused = stage.submit(&draft.name).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "CLAIM_INCOMPLETE"));
        let refused: Vec<_> =
            status::violations(&refused).into_iter().map(|found| (found.field, found.reason)).collect();
        assert_eq!(told, refused);
        let expected = [
            ("display_name", "FIELD_REQUIRED"),
            ("evidence", "EVIDENCE_REQUIRED"),
            ("customer_domain", "DOMAIN_NOT_OF_TENANT"),
        ];
        assert_eq!(told, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
    }

    /// What one of the databases cannot keep is the caller's to mend, on both.
    async fn text_that_cannot_be_stored_is_refused_by_its_field(stage: Stage) {
        let refused = stage.create(wire::Claim { display_name: "a\0b".into(), ..claim() }).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        let found = status::violations(&refused).remove(0);
        assert_eq!((found.field.as_str(), found.reason.as_str()), ("claim.display_name", "STRING_NUL"));
    }

    /// R18: and what the claim is afterwards.
    async fn r18_a_complete_claim_is_submitted(stage: Stage) {
        let draft = stage.complete_draft().await;
        assert_eq!(draft.violations, []);
        assert_eq!((draft.lines[0].key.as_str(), draft.evidence_count), ("workloads/teams", 1));
        let submitted = stage.submit(&draft.name).await.unwrap();
        assert_eq!(submitted.state(), wire::ClaimState::Submitted);
        assert_eq!((submitted.policy.as_str(), submitted.review_case.as_str()), ("2021@1", ""));
        assert_ne!(submitted.etag, draft.etag);
        assert_eq!(stage.get(&draft.name).await.unwrap(), submitted);
        let again = stage.submit(&draft.name).await.unwrap_err();
        assert_eq!((again.code(), reason(&again).as_str()), (Code::FailedPrecondition, "COMMAND_NOT_ALLOWED"));
        assert_eq!(status::metadata(&again, "allowed").unwrap(), "UPDATE,WITHDRAW,ADD_EVIDENCE,COMMENT");
    }

    /// R38: the second claim of a company for one line is refused, until the first is over.
    async fn r38_a_line_is_claimed_once_by_one_company(stage: Stage) {
        let first = stage.submitted().await;
        let second = stage.complete_draft().await;
        assert_eq!(
            second.violations.iter().map(|found| found.reason.as_str()).collect::<Vec<_>>(),
            ["ALREADY_CLAIMED"]
        );
        let refused = stage.submit(&second.name).await.unwrap_err();
        assert_eq!(status::violations(&refused)[0].field, "lines[0]");
        let withdraw = wire::WithdrawClaimRequest {
            name: first.name,
            reason: wire::WithdrawReason::WrongActivity.into(),
            ..Default::default()
        };
        stage.contoso().withdraw_claim(withdraw).await.unwrap();
        assert_eq!(stage.submit(&second.name).await.unwrap().state(), wire::ClaimState::Submitted);
    }

    /// R38 under concurrency: the database's index decides.
    async fn r38_of_submissions_at_once_one_gets_the_line(stage: Stage) {
        let mut drafts = Vec::new();
        for _ in 0..8 {
            drafts.push(stage.complete_draft().await.name);
        }
        let submissions = drafts.iter().map(|name| stage.submit(name));
        let answers = futures_util::future::join_all(submissions).await;
        let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((done.len(), refused.len()), (1, 7));
        for refused in refused {
            let refused = refused.unwrap_err();
            assert_eq!(reason(&refused), "CLAIM_INCOMPLETE");
            assert_eq!(status::violations(&refused)[0].reason, "ALREADY_CLAIMED");
        }
    }

    /// R16, R17: a draft is kept without the registry, and not submitted without it.
    async fn drafts_do_without_the_registry_and_submissions_do_not(stage: Stage) {
        stage.registry.go_down();
        let draft = stage.complete_draft().await;
        assert_eq!((draft.violations.len(), draft.lines[0].key.as_str()), (0, ""));
        let refused = stage.submit(&draft.name).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "REGISTRY_UNAVAILABLE"));
        assert!(status::retry_after(&refused).is_some());
        stage.registry.come_back();
        stage.submit(&draft.name).await.unwrap();
    }

    /// R16.
    async fn r16_a_draft_for_another_companys_location_is_refused(stage: Stage) {
        let refused = stage.create(wire::Claim { mpn_id: "9999".into(), ..claim() }).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "LOCATION_NOT_OF_PARTNER"));
    }

    /// R17: a mask, an etag, and what a draft is after its deletion.
    async fn r17_a_draft_is_changed_and_deleted(stage: Stage) {
        let draft = stage.create(claim()).await.unwrap();
        let update = |etag: &str| wire::UpdateClaimRequest {
            claim: Some(wire::Claim {
                name: draft.name.clone(),
                display_name: "new".into(),
                etag: etag.into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let updated = stage.contoso().update_claim(update(&draft.etag)).await.unwrap().into_inner();
        assert_eq!((updated.display_name.as_str(), &updated.lines), ("new", &draft.lines));
        let stale = stage.contoso().update_claim(update(&draft.etag)).await.unwrap_err();
        assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
        let delete = wire::DeleteClaimRequest { name: draft.name.clone(), ..Default::default() };
        stage.contoso().delete_claim(delete.clone()).await.unwrap();
        let gone = stage.get(&draft.name).await.unwrap_err();
        assert_eq!((gone.code(), reason(&gone).as_str()), (Code::NotFound, "RESOURCE_NOT_FOUND"));
        assert_eq!(stage.contoso().delete_claim(delete).await.unwrap_err().code(), Code::NotFound);
        let history = stage.history(&mut stage.contoso(), &draft.name).await;
        assert_eq!(
            history.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(),
            ["created", "updated", "deleted"]
        );
    }

    /// AIP-163: judged, answered, nothing changed.
    async fn validate_only_changes_nothing(stage: Stage) {
        let draft = stage.complete_draft().await;
        let request = wire::SubmitClaimRequest { name: draft.name.clone(), validate_only: true, ..Default::default() };
        let judged = stage.contoso().submit_claim(request).await.unwrap().into_inner();
        assert_eq!(judged.state(), wire::ClaimState::Submitted);
        assert_eq!(stage.get(&draft.name).await.unwrap(), draft);
        let request = wire::CreateClaimRequest {
            parent: "partners/contoso".into(),
            claim: Some(claim()),
            validate_only: true,
            ..Default::default()
        };
        let judged = stage.contoso().create_claim(request).await.unwrap().into_inner();
        assert_eq!(stage.get(&judged.name).await.unwrap_err().code(), Code::NotFound);
    }

    /// Facts are of one version: where the claim moves meanwhile they are gathered anew, three times at most.
    async fn a_claim_that_moves_while_it_is_judged_is_judged_again(stage: Stage) {
        let draft = stage.complete_draft().await;
        let moves = |times: usize| {
            let (client, parent) = (stage.contoso(), draft.name.clone());
            let comment = wire::Comment { text: "meanwhile".into(), ..Default::default() };
            let request = wire::CreateCommentRequest { parent, comment: Some(comment), ..Default::default() };
            let once = || {
                let (mut client, request) = (client.clone(), request.clone());
                async move { drop(client.create_comment(request).await.unwrap()) }.boxed()
            };
            stage.meanwhile.lock().unwrap().extend(std::iter::repeat_with(once).take(times));
        };
        moves(3);
        let refused = stage.submit(&draft.name).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Aborted, "CONCURRENT_CHANGE"));
        moves(2);
        assert_eq!(stage.submit(&draft.name).await.unwrap().state(), wire::ClaimState::Submitted);
    }
}
