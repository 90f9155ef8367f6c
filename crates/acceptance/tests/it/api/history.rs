//! The history of a claim contains every change, in the order of application and without gaps.

use cpor_acceptance::{ClaimStage, PDF, TestClaim, TestSystem, both_databases, from_timestamp};
use cpor_proto::{
    claims::v1::{ClaimState, ListHistoryRequest},
    r#type::v1::ActorSide,
};

both_databases![a_history_contains_every_step, late_facts_are_recorded_as_overtaken];

async fn a_history_contains_every_step(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    case.upload("signed.pdf", PDF).await.unwrap();
    case.resubmit("Signed.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.advance_by(chrono::TimeDelta::days(8)).await;
    let history = case.history().await;
    let steps: Vec<_> = history.iter().map(|entry| (entry.action.as_str(), entry.side())).collect();
    let expected = [
        ("created", ActorSide::Partner),
        ("evidence_added", ActorSide::Partner),
        ("submitted", ActorSide::Partner),
        ("review_assigned", ActorSide::Reviewer),
        ("review_started", ActorSide::Reviewer),
        ("partner_action_requested", ActorSide::Reviewer),
        ("evidence_added", ActorSide::Partner),
        ("resubmitted", ActorSide::Partner),
        ("review_started", ActorSide::Reviewer),
        ("review_approved", ActorSide::Reviewer),
        ("consent_window_passed", ActorSide::Time),
        ("association_granted", ActorSide::Time),
        ("association_official", ActorSide::Time),
    ];
    let main_steps: Vec<_> =
        steps.iter().filter(|(action, _)| expected.iter().any(|(step, _)| step == action)).copied().collect();
    assert_eq!(main_steps, expected);
    for action in ["notice_reported", "consent_window_opened", "assessed"] {
        assert!(steps.iter().any(|(step, _)| *step == action), "no {action} in {steps:?}");
    }
    assert_eq!(history[0].from_state(), ClaimState::Unspecified);
    for pair in history.windows(2) {
        assert_eq!(
            pair[1].from_state(),
            pair[0].to_state(),
            "each entry starts in the state in which the last one ended"
        );
        assert!(from_timestamp(pair[1].record_time) >= from_timestamp(pair[0].record_time));
    }
    assert!(
        history.iter().all(|entry| !entry.overtaken && !entry.subject.is_empty() || entry.side() == ActorSide::Time),
        "{history:#?}"
    );
    let request = ListHistoryRequest { parent: case.name.clone(), page_size: 1000, ..ListHistoryRequest::default() };
    let partner_view = case.partner.claims().list_history(request).await.unwrap().into_inner().entries;
    assert_eq!(partner_view.len(), history.len(), "the partner sees all entries");
}

async fn late_facts_are_recorded_as_overtaken(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    // Both commands can be committed, each in its own service, before the events arrive.
    let (approved, withdrawn) = tokio::join!(
        case.approve(&system.reviewer),
        case.withdraw(cpor_proto::claims::v1::WithdrawReason::WrongMpnId, "")
    );
    withdrawn.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Rejected);
    assert!(case.associations().await.iter().all(|association| association.end_time.is_some()), "no hold stays");
    if approved.is_ok() {
        let entry = case.entry("review_approved").await;
        let history = case.history().await;
        let withdrawal = history.iter().find(|entry| entry.action == "withdrawn").unwrap();
        assert_eq!(entry.overtaken, entry.position > withdrawal.position);
    }
}
