//! A claim from draft to assessment.

use chrono::TimeDelta;
use cpor_acceptance::{CONTOSO, DOCX, PDF, TestClaim, TestSystem, assert_refused, both_databases};
use cpor_proto::{
    claims::v1::ClaimState,
    eligibility::v1::ListUsageRequest,
    r#type::v1::{AssociationState, Verdict},
};
use tonic::Code;

both_databases![a_claim_goes_from_draft_to_assessed];
both_databases![with five_processes: a_claim_goes_through_five_processes];

async fn a_claim_goes_from_draft_to_assessed(system: &TestSystem) {
    run_lifecycle(system).await;
}

async fn a_claim_goes_through_five_processes(system: &TestSystem) {
    assert_eq!(system.nodes().len(), 5);
    run_lifecycle(system).await;
}

/// A claim for pre-sales and usage of one subscription. The partner has to act once before the
/// claim is approved; then the association becomes official and is assessed.
async fn run_lifecycle(system: &TestSystem) {
    let mut claim = system.presales().await;
    claim.activities = vec![1, 2];
    let case = TestClaim::create_draft(system, claim).await.unwrap();
    let proof = case.upload("proof.docx", DOCX).await.unwrap();
    case.submit().await.unwrap();
    system.wait_until_idle().await;

    case.assign(&system.lead, &system.reviewer).await.unwrap();
    case.start_review(&system.reviewer).await.unwrap();
    assert_eq!(case.download(&system.reviewer, &proof.name).await.unwrap().1, DOCX);
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::PartnerActionRequired);

    system.advance_by(TimeDelta::days(2)).await;
    case.upload("signed.pdf", PDF).await.unwrap();
    case.resubmit("The signed copy is attached.").await.unwrap();
    system.wait_until_idle().await;
    case.start_review(&system.reviewer).await.unwrap();
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let pending = case.claim().await;
    assert_eq!((pending.state(), pending.association_state()), (ClaimState::Approved, AssociationState::Pending));
    assert_eq!(system.mails_to(&case.contact().await).len(), 2);
    let key = case.key(0).await;
    let usage = || ListUsageRequest { parent: key.clone(), ..ListUsageRequest::default() };
    assert_refused(case.partner.eligibility().list_usage(usage()).await, Code::PermissionDenied, "USAGE_NOT_OPEN");

    system.advance_by(TimeDelta::days(8)).await;
    let official = case.claim().await;
    assert_eq!(official.association_state(), AssociationState::Official);
    assert_eq!(official.official_time, pending.consent_due_time);
    let on_record = system.associations_of_key(&key, None).await;
    assert_eq!(
        on_record.iter().map(|association| association.partner.as_str()).collect::<Vec<_>>(),
        [CONTOSO, CONTOSO],
        "both activities"
    );
    case.partner.eligibility().list_usage(usage()).await.unwrap();

    let verdicts = async || {
        let assessments = case.claim().await.lines.remove(0).assessments;
        let mut verdicts: Vec<_> =
            assessments.iter().map(|assessment| (assessment.activity, assessment.verdict())).collect();
        verdicts.sort();
        verdicts
    };
    assert_eq!(verdicts().await, [(1, Verdict::NotEligible), (2, Verdict::Eligible)], "the usage has not grown yet");
    system.advance_by(TimeDelta::days(40)).await;
    system.import_usage(&key, &[("2026-03", 100), ("2026-04", 150)]).await;
    system.wait_until_idle().await;
    assert_eq!(verdicts().await, [(1, Verdict::Eligible), (2, Verdict::Eligible)]);
    case.history().await;
    system.assert_all_delivered().await;
}
