//! The one history of a claim: everything, in the order in which it was applied, without gaps.

use cpor_acceptance::{ClaimStage, PDF, TestClaim, TestSystem, both_databases, from_timestamp};
use cpor_proto::{
    claims::v1::{ClaimState, ListHistoryRequest},
    r#type::v1::ActorSide,
};

both_databases![the_history_of_a_whole_walk, facts_that_come_too_late_are_recorded_as_overtaken];

async fn the_history_of_a_whole_walk(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    case.upload("signed.pdf", PDF).await.unwrap();
    case.resubmit("Signed.").await.unwrap();
    system.wait_until_idle().await;
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.advance_by(chrono::TimeDelta::days(8)).await;
    let history = case.history().await;
    let told: Vec<_> = history.iter().map(|entry| (entry.action.as_str(), entry.side())).collect();
    let wanted = [
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
    let main: Vec<_> =
        told.iter().filter(|(action, _)| wanted.iter().any(|(wanted, _)| wanted == action)).copied().collect();
    assert_eq!(main, wanted);
    for also in ["notice_settled", "consent_window_opened", "assessed"] {
        assert!(told.iter().any(|(action, _)| *action == also), "no {also} in {told:?}");
    }
    assert_eq!(history[0].from_state(), ClaimState::Unspecified);
    for pair in history.windows(2) {
        assert_eq!(pair[1].from_state(), pair[0].to_state(), "each begins where the one before ended");
        assert!(from_timestamp(pair[1].record_time) >= from_timestamp(pair[0].record_time));
    }
    assert!(
        history.iter().all(|entry| !entry.overtaken && !entry.subject.is_empty() || entry.side() == ActorSide::Time),
        "{history:#?}"
    );
    let request = ListHistoryRequest { parent: case.name.clone(), page_size: 1000, ..ListHistoryRequest::default() };
    let seen = case.partner.claims().list_history(request).await.unwrap().into_inner().entries;
    assert_eq!(seen.len(), history.len(), "its partner sees the same");
}

async fn facts_that_come_too_late_are_recorded_as_overtaken(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    // Both are committed, each in its own service, before either hears of the other.
    let (approved, withdrawn) = tokio::join!(
        case.approve(&system.reviewer),
        case.withdraw(cpor_proto::claims::v1::WithdrawReason::WrongMpnId, "")
    );
    withdrawn.unwrap();
    system.wait_until_idle().await;
    assert_eq!(case.claim().await.state(), ClaimState::Rejected);
    assert!(case.associations().await.iter().all(|held| held.end_time.is_some()), "nothing stays held");
    if approved.is_ok() {
        let entry = case.entry("review_approved").await;
        let history = case.history().await;
        let closed = history.iter().find(|entry| entry.action == "withdrawn").unwrap();
        assert_eq!(entry.overtaken, entry.position > closed.position);
    }
}
