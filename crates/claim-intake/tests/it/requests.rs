//! Request ids, and who may reach what.
use cpor_proto::claims::v1 as wire;
use cpor_types::Role;
use tonic::Code;

use crate::stage::{claim, on_both, reason};

on_both! {
    /// AIP-155: a repeat is answered with what the first call made; another body under the same id is refused.
    async fn a_repeated_request_acts_once(stage: Stage) {
        let request = wire::CreateClaimRequest {
            parent: "partners/contoso".into(),
            claim: Some(claim()),
            request_id: "one".into(),
            ..Default::default()
        };
        let first = stage.contoso().create_claim(request.clone()).await.unwrap().into_inner();
        let again = stage.contoso().create_claim(request.clone()).await.unwrap().into_inner();
        assert_eq!(first, again);
        let other = wire::CreateClaimRequest {
            claim: Some(wire::Claim { display_name: "other".into(), ..claim() }),
            ..request
        };
        let refused = stage.contoso().create_claim(other).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
    }

    /// A submission is repeated safely even where the claim has moved on, and without the registry.
    async fn a_repeated_submission_is_answered_with_the_claim(stage: Stage) {
        let draft = stage.complete_draft().await;
        let request = wire::SubmitClaimRequest {
            name: draft.name,
            etag: draft.etag,
            request_id: "one".into(),
            ..Default::default()
        };
        let first = stage.contoso().submit_claim(request.clone()).await.unwrap().into_inner();
        stage.registry.go_down();
        assert_eq!(stage.contoso().submit_claim(request).await.unwrap().into_inner(), first);
        assert_eq!(stage.history(&mut stage.contoso(), &first.name).await.len(), 3);
    }

    /// The same for what is added to a claim.
    async fn a_repeated_comment_or_upload_is_answered_with_the_first(stage: Stage) {
        let draft = stage.create(claim()).await.unwrap();
        let comment = wire::CreateCommentRequest {
            parent: draft.name.clone(),
            comment: Some(wire::Comment { text: "hello".into(), ..Default::default() }),
            request_id: "one".into(),
        };
        let first = stage.contoso().create_comment(comment.clone()).await.unwrap().into_inner();
        assert_eq!(stage.contoso().create_comment(comment).await.unwrap().into_inner(), first);
        let metadata = wire::EvidenceMetadata {
            parent: draft.name.clone(),
            file_name: "a.pdf".into(),
            request_id: "two".into(),
            ..Default::default()
        };
        let upload = || {
            tokio_stream::once(wire::UploadEvidenceRequest {
                metadata: Some(metadata.clone()),
                data: crate::stage::PDF.to_vec(),
            })
        };
        let first = stage.contoso().upload_evidence(upload()).await.unwrap().into_inner();
        assert_eq!(stage.contoso().upload_evidence(upload()).await.unwrap().into_inner(), first);
        let claim = stage.get(&draft.name).await.unwrap();
        assert_eq!((claim.evidence_count, stage.history(&mut stage.contoso(), &draft.name).await.len()), (1, 3));
    }

    /// R4: another company's claim looks as if there were none.
    async fn r4_what_is_not_yours_is_not_there(stage: Stage) {
        let draft = stage.complete_draft().await;
        let mut other = stage.partner("fabrikam", Role::GlobalAdmin);
        let missing = draft.name.replace("/claims/0", "/claims/1");
        let get = |name: &str| wire::GetClaimRequest { name: name.to_owned() };
        let (not_yours, not_there) = (
            other.get_claim(get(&draft.name)).await.unwrap_err(),
            stage.contoso().get_claim(get(&missing)).await.unwrap_err(),
        );
        assert_eq!(
            (not_yours.code(), not_yours.message(), reason(&not_yours)),
            (not_there.code(), not_there.message(), reason(&not_there))
        );
        let metadata =
            wire::EvidenceMetadata { parent: draft.name.clone(), file_name: "a.pdf".into(), ..Default::default() };
        let upload = wire::UploadEvidenceRequest { metadata: Some(metadata), data: crate::stage::PDF.to_vec() };
        assert_eq!(other.upload_evidence(tokio_stream::once(upload)).await.unwrap_err().code(), Code::NotFound);
        let list = wire::ListClaimsRequest { parent: "partners/-".into(), ..Default::default() };
        assert_eq!(other.list_claims(list).await.unwrap_err().code(), Code::NotFound);
    }

    /// R4: an incentives user drafts, and does not submit.
    async fn r4_an_incentives_user_does_not_submit(stage: Stage) {
        let draft = stage.complete_draft().await;
        let mut user = stage.partner("contoso", Role::IncentivesUser);
        let submit = wire::SubmitClaimRequest { name: draft.name.clone(), ..Default::default() };
        assert_eq!(user.submit_claim(submit).await.unwrap_err().code(), Code::PermissionDenied);
        let update = wire::UpdateClaimRequest {
            claim: Some(wire::Claim { name: draft.name, display_name: "by the user".into(), ..Default::default() }),
            ..Default::default()
        };
        assert_eq!(user.update_claim(update).await.unwrap().into_inner().display_name, "by the user");
    }

    /// R5: an operator sees that there is something, and not what.
    async fn r5_an_operator_sees_personal_data_masked(stage: Stage) {
        let draft = stage.complete_draft().await;
        let mut operator = stage.vendor(Role::Operator);
        let seen = operator.get_claim(wire::GetClaimRequest { name: draft.name.clone() }).await.unwrap().into_inner();
        assert_eq!(seen.customer_contact.unwrap().email, "[redacted]");
        assert_eq!(seen.display_name, draft.display_name);
        let history = stage.history(&mut operator, &draft.name).await;
        assert!(history.iter().all(|entry| entry.subject == "[redacted]"));
        assert!(history.iter().flat_map(|entry| &entry.changes).all(|change| !change.to.contains("fabrikam.example")));
        let download = wire::ListEvidenceRequest { parent: draft.name, ..Default::default() };
        assert_eq!(operator.list_evidence(download).await.unwrap_err().code(), Code::PermissionDenied);
    }
}
