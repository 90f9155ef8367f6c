//! `etag`: a request with the etag of an older version fails with ABORTED and changes nothing
//! (AIP-154).

use cpor_acceptance::{ClaimStage, PDF, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_proto::{
    claims::v1::{
        Claim, DeleteClaimRequest, ResubmitClaimRequest, SubmitClaimRequest, UpdateClaimRequest, WithdrawClaimRequest,
    },
    consents::v1::{ApproveConsentRequest, DeclineConsentRequest},
    reviews::v1::{ApproveReviewCaseRequest, StartReviewRequest, TakeReviewCaseRequest},
};
use tonic::Code;

both_databases![
    a_stale_etag_aborts_partner_commands,
    a_stale_etag_aborts_reviewers_and_customers,
    an_etag_changes_with_every_change
];

async fn a_stale_etag_aborts_partner_commands(system: &TestSystem) {
    let case = TestClaim::create_draft(system, system.presales().await).await.unwrap();
    let stale = case.claim().await.etag;
    case.upload("proof.pdf", PDF).await.unwrap();
    let (name, etag, mut claims) = (case.name.clone(), stale, case.partner.claims());
    let claim = Some(Claim { name: name.clone(), etag: etag.clone(), display_name: "New".into(), ..Claim::default() });
    let update = UpdateClaimRequest { claim, ..UpdateClaimRequest::default() };
    assert_refused(claims.update_claim(update).await, Code::Aborted, "ETAG_MISMATCH");
    let delete = DeleteClaimRequest { name: name.clone(), etag: etag.clone(), ..DeleteClaimRequest::default() };
    assert_refused(claims.delete_claim(delete).await, Code::Aborted, "ETAG_MISMATCH");
    let submit = SubmitClaimRequest { name: name.clone(), etag: etag.clone(), ..SubmitClaimRequest::default() };
    assert_refused(claims.submit_claim(submit.clone()).await, Code::Aborted, "ETAG_MISMATCH");
    assert_refused(
        claims.submit_claim(SubmitClaimRequest { etag: "nonsense".into(), ..submit.clone() }).await,
        Code::Aborted,
        "ETAG_MISMATCH",
    );
    let fresh = case.claim().await.etag;
    claims.submit_claim(SubmitClaimRequest { etag: fresh, ..submit }).await.unwrap();
    system.wait_until_idle().await;
    let withdraw =
        WithdrawClaimRequest { name: name.clone(), reason: 1, etag: etag.clone(), ..WithdrawClaimRequest::default() };
    assert_refused(claims.withdraw_claim(withdraw).await, Code::Aborted, "ETAG_MISMATCH");
    case.take_and_start_review().await;
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let resubmit = ResubmitClaimRequest { name, etag, comment: "Here.".into(), ..ResubmitClaimRequest::default() };
    assert_refused(claims.resubmit_claim(resubmit).await, Code::Aborted, "ETAG_MISMATCH");
}

async fn a_stale_etag_aborts_reviewers_and_customers(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let (name, mut reviews) = (case.review_name().await, system.reviewer.reviews());
    let stale = case.review(&system.reviewer).await.unwrap().etag;
    let take = TakeReviewCaseRequest { name: name.clone(), etag: stale.clone(), ..TakeReviewCaseRequest::default() };
    let etag = reviews.take_review_case(take.clone()).await.unwrap().into_inner().etag;
    let start = StartReviewRequest { name: name.clone(), etag: stale.clone(), ..StartReviewRequest::default() };
    assert_refused(reviews.start_review(start.clone()).await, Code::Aborted, "ETAG_MISMATCH");
    reviews.start_review(StartReviewRequest { etag, ..start }).await.unwrap();
    let approve = ApproveReviewCaseRequest { name, etag: stale, ..ApproveReviewCaseRequest::default() };
    assert_refused(reviews.approve_review_case(approve).await, Code::Aborted, "ETAG_MISMATCH");

    let (name, mut consents) = (case.consent_name(), system.fabrikam.consents());
    let stale = case.consent().await.unwrap().etag;
    let approve = ApproveConsentRequest { name: name.clone(), etag: stale.clone(), ..ApproveConsentRequest::default() };
    consents.approve_consent(approve).await.unwrap();
    let decline = DeclineConsentRequest { name, etag: stale, ..DeclineConsentRequest::default() };
    assert_refused(consents.decline_consent(decline).await, Code::Aborted, "ETAG_MISMATCH");
}

async fn an_etag_changes_with_every_change(system: &TestSystem) {
    let case = TestClaim::create_with_evidence(system, system.presales().await).await;
    let mut etags = vec![case.claim().await.etag];
    let mut assert_changed_by = async |cause: &str| {
        system.wait_until_idle().await;
        let etag = case.claim().await.etag;
        assert!(!etags.contains(&etag), "{cause} did not change the etag {etag}");
        etags.push(etag);
    };
    case.submit().await.unwrap();
    assert_changed_by("a submission").await;
    case.comment(&system.reviewer, "Hello.").await.unwrap();
    assert_changed_by("a comment").await;
    case.take(&system.reviewer).await.unwrap();
    assert_changed_by("the reviewer").await;
    case.start_review(&system.reviewer).await.unwrap();
    assert_changed_by("the start of the review").await;
    case.approve(&system.reviewer).await.unwrap();
    assert_changed_by("an approval").await;
    system.advance_by(chrono::TimeDelta::days(8)).await;
    assert_changed_by("time").await;
}
