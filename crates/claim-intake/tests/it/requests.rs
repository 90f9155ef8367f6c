//! Tests of request ids and of access.
use crate::fixture::TestSystem;
use cpor_proto::claims::v1 as wire;
use cpor_testing::on_both_databases;
use cpor_types::Role;
use tonic::Code;

use crate::fixture::{claim, reason};

on_both_databases![
    a_repeated_request_acts_once,
    a_repeated_submission_returns_the_claim,
    a_repeated_comment_or_upload_is_not_added_twice,
    a_repeated_upload_must_have_the_same_bytes,
    a_stale_etag_is_refused_and_a_missing_claim_is_not_found,
    r4_claims_of_other_companies_are_not_found,
    r4_an_incentives_user_does_not_submit,
    r5_an_operator_sees_personal_data_masked,
];

/// AIP-155: a repeated request returns the result of the first. A different request with the
/// same id is refused.
async fn a_repeated_request_acts_once(system: TestSystem) {
    let request = wire::CreateClaimRequest {
        parent: "partners/contoso".into(),
        claim: Some(claim()),
        request_id: "one".into(),
        ..Default::default()
    };
    let first = system.contoso().create_claim(request.clone()).await.unwrap().into_inner();
    let again = system.contoso().create_claim(request.clone()).await.unwrap().into_inner();
    assert_eq!(first, again);
    let other =
        wire::CreateClaimRequest { claim: Some(wire::Claim { display_name: "other".into(), ..claim() }), ..request };
    let refused = system.contoso().create_claim(other).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
}

/// A repeated submission succeeds even if the claim has changed since and the registry is down.
async fn a_repeated_submission_returns_the_claim(system: TestSystem) {
    let draft = system.complete_draft().await;
    let request =
        wire::SubmitClaimRequest { name: draft.name, etag: draft.etag, request_id: "one".into(), ..Default::default() };
    let first = system.contoso().submit_claim(request.clone()).await.unwrap().into_inner();
    system.registry.fake.simulate_outage();
    assert_eq!(system.contoso().submit_claim(request).await.unwrap().into_inner(), first);
    assert_eq!(system.history(&mut system.contoso(), &first.name).await.len(), 3);
}

/// A repeated comment or upload returns the first one.
async fn a_repeated_comment_or_upload_is_not_added_twice(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let comment = wire::CreateCommentRequest {
        parent: draft.name.clone(),
        comment: Some(wire::Comment { text: "hello".into(), ..Default::default() }),
        request_id: "one".into(),
        ..Default::default()
    };
    let first = system.contoso().create_comment(comment.clone()).await.unwrap().into_inner();
    assert_eq!(system.contoso().create_comment(comment).await.unwrap().into_inner(), first);
    let metadata = wire::EvidenceMetadata {
        parent: draft.name.clone(),
        file_name: "a.pdf".into(),
        request_id: "two".into(),
        ..Default::default()
    };
    let upload = || {
        tokio_stream::once(wire::UploadEvidenceRequest {
            metadata: Some(metadata.clone()),
            data: crate::fixture::PDF.to_vec(),
        })
    };
    let first = system.contoso().upload_evidence(upload()).await.unwrap().into_inner();
    assert_eq!(system.contoso().upload_evidence(upload()).await.unwrap().into_inner(), first);
    let claim = system.get(&draft.name).await.unwrap();
    assert_eq!((claim.evidence_count, system.history(&mut system.contoso(), &draft.name).await.len()), (1, 3));
}

/// An upload is a different request if the bytes differ, also in a stream of several messages.
async fn a_repeated_upload_must_have_the_same_bytes(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let metadata = wire::EvidenceMetadata {
        parent: draft.name.clone(),
        file_name: "a.pdf".into(),
        request_id: "one".into(),
        ..Default::default()
    };
    let messages = |parts: &[&[u8]]| {
        let message = |(index, part): (usize, &&[u8])| wire::UploadEvidenceRequest {
            metadata: (index == 0).then(|| metadata.clone()),
            data: part.to_vec(),
        };
        tokio_stream::iter(parts.iter().enumerate().map(message).collect::<Vec<_>>())
    };
    let pdf = crate::fixture::PDF;
    let first = system.contoso().upload_evidence(messages(&[pdf])).await.unwrap().into_inner();
    let in_two_parts = messages(&[&pdf[..3], &pdf[3..]]);
    assert_eq!(system.contoso().upload_evidence(in_two_parts).await.unwrap().into_inner(), first);
    let refused = system.contoso().upload_evidence(messages(&[pdf, b"more"])).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
}

/// AIP-154: a command with an etag that this service did not issue, or no longer, changes
/// nothing. A claim that does not exist is not found, whatever the etag.
async fn a_stale_etag_is_refused_and_a_missing_claim_is_not_found(system: TestSystem) {
    let draft = system.create(claim()).await.unwrap();
    let missing = draft.name.replace("/claims/0", "/claims/1");
    let request = |name: &str, etag: &str, validate_only| wire::WithdrawClaimRequest {
        name: name.to_owned(),
        etag: etag.to_owned(),
        reason: wire::WithdrawReason::WrongMpnId.into(),
        validate_only,
        ..Default::default()
    };
    for validate_only in [false, true] {
        for etag in ["0", "5", "+1", "01", "1F", "not an etag"] {
            let withdraw = async |name: &str| {
                let refused = system.contoso().withdraw_claim(request(name, etag, validate_only)).await.unwrap_err();
                (refused.code(), reason(&refused))
            };
            assert_eq!(withdraw(&draft.name).await, (Code::Aborted, "ETAG_MISMATCH".to_owned()), "{etag}");
            assert_eq!(withdraw(&missing).await, (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()), "{etag}");
        }
        let submit =
            wire::SubmitClaimRequest { name: missing.clone(), etag: "5".into(), validate_only, ..Default::default() };
        assert_eq!(system.contoso().submit_claim(submit).await.unwrap_err().code(), Code::NotFound);
    }
}

/// R4: the claim of another company is reported as not found.
async fn r4_claims_of_other_companies_are_not_found(system: TestSystem) {
    let draft = system.complete_draft().await;
    let mut other = system.partner("fabrikam", Role::GlobalAdmin);
    let missing = draft.name.replace("/claims/0", "/claims/1");
    let get = |name: &str| wire::GetClaimRequest { name: name.to_owned() };
    let (not_yours, not_there) = (
        other.get_claim(get(&draft.name)).await.unwrap_err(),
        system.contoso().get_claim(get(&missing)).await.unwrap_err(),
    );
    assert_eq!(
        (not_yours.code(), not_yours.message().replace(&draft.name, &missing), reason(&not_yours)),
        (not_there.code(), not_there.message().to_owned(), reason(&not_there))
    );
    let metadata =
        wire::EvidenceMetadata { parent: draft.name.clone(), file_name: "a.pdf".into(), ..Default::default() };
    let upload = wire::UploadEvidenceRequest { metadata: Some(metadata), data: crate::fixture::PDF.to_vec() };
    assert_eq!(other.upload_evidence(tokio_stream::once(upload)).await.unwrap_err().code(), Code::NotFound);
    let list = wire::ListClaimsRequest { parent: "partners/-".into(), ..Default::default() };
    assert_eq!(other.list_claims(list).await.unwrap_err().code(), Code::NotFound);
}

/// R4: the role `incentives_user` may edit drafts and may not submit.
async fn r4_an_incentives_user_does_not_submit(system: TestSystem) {
    let draft = system.complete_draft().await;
    let mut user = system.partner("contoso", Role::IncentivesUser);
    let submit = wire::SubmitClaimRequest { name: draft.name.clone(), ..Default::default() };
    assert_eq!(user.submit_claim(submit).await.unwrap_err().code(), Code::PermissionDenied);
    let update = wire::UpdateClaimRequest {
        claim: Some(wire::Claim { name: draft.name, display_name: "by the user".into(), ..Default::default() }),
        ..Default::default()
    };
    assert_eq!(user.update_claim(update).await.unwrap().into_inner().display_name, "by the user");
}

/// R5: operators see masked values instead of personal data.
async fn r5_an_operator_sees_personal_data_masked(system: TestSystem) {
    let draft = system.complete_draft().await;
    let mut operator = system.vendor(Role::Operator);
    let claim = operator.get_claim(wire::GetClaimRequest { name: draft.name.clone() }).await.unwrap().into_inner();
    assert_eq!(claim.customer_contact.unwrap().email, "[redacted]");
    assert_eq!(claim.display_name, draft.display_name);
    let history = system.history(&mut operator, &draft.name).await;
    assert!(history.iter().all(|entry| entry.subject == "[redacted]"));
    assert!(
        history.iter().flat_map(|entry| &entry.changes).all(|change| !change.new_value.contains("fabrikam.example"))
    );
    let download = wire::ListEvidenceRequest { parent: draft.name, ..Default::default() };
    assert_eq!(operator.list_evidence(download).await.unwrap_err().code(), Code::PermissionDenied);
}
