//! Tests of approvals (R23, R36) with failures between the commands and the call to the registry.
use super::*;
use crate::{approval_recovery::ApprovalRecovery, domain::Phase};
use cpor_call::status;
use cpor_proto::{events::v1::event::Payload, reviews::v1::ReviewCaseState};
use cpor_testing::on_both_databases;
use tokio_util::sync::CancellationToken;
use tonic_types::StatusExt as _;

on_both_databases![
    r23_held_lines_approve_the_case,
    r36_a_held_key_refuses_the_approval,
    r36_a_replayed_refusal_gets_the_first_answer,
    r23_an_approval_completes_after_an_outage,
    r23_a_failed_approval_is_retried_without_a_poll,
    r23_approving_again_completes_the_same_decision,
    r23_the_next_process_completes_after_a_crash,
    r23_two_processes_complete_an_approval_once,
    only_one_replica_leases_a_due_decision,
    two_concurrent_approvals_get_the_same_answer,
    r25_a_claim_closed_during_approval_stays_closed,
    the_hold_request_contains_the_claim,
];

fn count_approvals(events: &[Payload]) -> usize {
    events.iter().filter(|payload| matches!(payload, Payload::ReviewApproved(_))).count()
}

async fn r23_held_lines_approve_the_case(system: TestSystem) {
    system.submit_and_start_review(1).await;
    let approved = system.approve("amy", 1).await.unwrap();
    assert_eq!(approved.state(), ReviewCaseState::Approved);
    assert!(approved.close_time.is_some() && approved.allowed_commands.is_empty());
    let requests = system.registry.hold_requests();
    assert_eq!(system.registry.fake.held_by(&requests[0].claim).len(), 1);
    let events = system.sent_events().await;
    let Some(Payload::ReviewApproved(event)) = events.last() else { panic!("{events:?}") };
    assert_eq!((event.decision_id.clone(), event.comment.as_str()), (requests[0].decision_id.to_string(), "well done"));
    assert_eq!(system.count("pending_decision").await, 0);
}

async fn r36_a_held_key_refuses_the_approval(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.submit_and_start_review(2).await;
    system.approve("amy", 1).await.unwrap();
    let refused = system.approve("amy", 2).await.unwrap_err();
    assert_eq!(
        (refused.code(), status::reason(&refused).as_deref()),
        (Code::FailedPrecondition, Some("LINES_NOT_HELD"))
    );
    let failed = refused.get_details_precondition_failure().unwrap().violations;
    assert_eq!(
        (failed[0].r#type.as_str(), failed[0].subject.as_str()),
        ("KEY_HELD", "lines/0192f0c1-0000-7000-8000-0000000000b1")
    );
    let case = system.get("amy", 2).await.unwrap();
    assert_eq!((case.state(), case.approval_refusals[0].reason.as_str()), (ReviewCaseState::UnderReview, "KEY_HELD"));
    let events = system.sent_events().await;
    assert!(matches!(events.last(), Some(Payload::ApprovalRefused(_))), "{events:?}");
    assert!(system.reject("amy", 2).await.is_ok(), "the case can still be rejected");
}

async fn r36_a_replayed_refusal_gets_the_first_answer(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.submit_and_start_review(2).await;
    system.approve("amy", 1).await.unwrap();
    for _ in 0..2 {
        let expected = (Code::FailedPrecondition, "LINES_NOT_HELD".to_owned());
        assert_eq!(refusal(system.approve_as("amy", 2, "once").await), expected);
    }
    assert_eq!(system.registry.hold_requests().len(), 2, "the registry was asked once for each claim");
}

async fn r23_an_approval_completes_after_an_outage(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.registry.fake.simulate_outage();
    let unavailable = system.approve("amy", 1).await.unwrap_err();
    assert_eq!(
        (unavailable.code(), status::reason(&unavailable).as_deref()),
        (Code::Unavailable, Some("REGISTRY_UNAVAILABLE"))
    );
    assert!(status::retry_after(&unavailable).is_some());
    assert_eq!(system.stored(&case(1)).await.state.phase(), Phase::Approving);
    system.registry.fake.end_outage();
    system.real_time.advance_by(chrono::TimeDelta::seconds(20));
    system.recovery.complete_each(system.api.approval_runner.pending_decisions.lease_due().await.unwrap()).await;
    assert_eq!(system.stored(&case(1)).await.state.phase(), Phase::Approved);
}

async fn r23_a_failed_approval_is_retried_without_a_poll(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.registry.fake.simulate_outage();
    system.approve("amy", 1).await.unwrap_err();
    let stop = CancellationToken::new();
    let recovery = ApprovalRecovery { poll_interval: Duration::from_secs(3600), ..system.recovery.clone() };
    let running = tokio::spawn(recovery.run(stop.clone()));
    // The recovery tries all pending decisions when it starts.
    while system.registry.hold_requests().len() < 2 {
        tokio::task::yield_now().await;
    }
    system.registry.fake.end_outage();
    let approved = async {
        while system.stored(&case(1)).await.state.phase() != Phase::Approved {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    // The stored times of retries are compared with this clock, which stands still otherwise.
    let advance_clock = async {
        while !stop.is_cancelled() {
            system.real_time.advance_by(chrono::TimeDelta::milliseconds(100));
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(approved, advance_clock);
    running.await.unwrap().unwrap();
}

async fn r23_approving_again_completes_the_same_decision(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.registry.fake.simulate_outage();
    system.approve_as("amy", 1, "once").await.unwrap_err();
    system.registry.fake.end_outage();
    assert_eq!(system.approve_as("amy", 1, "once").await.unwrap().state(), ReviewCaseState::Approved);
    let decisions: Vec<_> = system.registry.hold_requests().iter().map(|hold| hold.decision_id).collect();
    assert_eq!(decisions[0], decisions[1]);
}

async fn r23_the_next_process_completes_after_a_crash(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.registry.lose_answers(1);
    system.approve("amy", 1).await.unwrap_err();
    let replica = system.start_replica().await;
    // A process that starts takes over all decisions, even if their lease has not expired.
    replica.recovery.complete_each(replica.api.approval_runner.pending_decisions.lease_all().await.unwrap()).await;
    assert_eq!(replica.stored(&case(1)).await.state.phase(), Phase::Approved);
    assert_eq!(count_approvals(&replica.sent_events().await), 1);
}

async fn r23_two_processes_complete_an_approval_once(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.registry.lose_answers(1);
    system.approve_as("amy", 1, "once").await.unwrap_err();
    let replica = system.start_replica().await;
    let (first, second) = (
        system.api.approval_runner.pending_decisions.lease_all().await.unwrap(),
        replica.api.approval_runner.pending_decisions.lease_all().await.unwrap(),
    );
    tokio::join!(system.recovery.complete_each(first), replica.recovery.complete_each(second), async {
        system.approve_as("amy", 1, "once").await.unwrap()
    });
    assert_eq!(system.stored(&case(1)).await.state.phase(), Phase::Approved);
    assert_eq!(count_approvals(&system.sent_events().await), 1);
}

async fn only_one_replica_leases_a_due_decision(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.registry.fake.simulate_outage();
    system.approve("amy", 1).await.unwrap_err();
    system.real_time.advance_by(chrono::TimeDelta::seconds(20));
    let replica = system.start_replica().await;
    let (first, second) = tokio::join!(
        system.api.approval_runner.pending_decisions.lease_due(),
        replica.api.approval_runner.pending_decisions.lease_due()
    );
    let taken = [first.unwrap(), second.unwrap()].concat();
    assert_eq!(taken.iter().map(|pending| pending.failed_attempts).collect::<Vec<_>>(), [1]);
    assert_eq!(system.api.approval_runner.pending_decisions.lease_due().await.unwrap(), []);
}

async fn two_concurrent_approvals_get_the_same_answer(system: TestSystem) {
    system.submit_and_start_review(1).await;
    let (first, second) = tokio::join!(system.approve("amy", 1), system.approve("lea", 1));
    let states = [first, second].map(|answer| answer.map(|case| case.state()));
    // The second request may arrive after the approval is complete.
    let is_expected = |state: &Result<ReviewCaseState, Status>| match state {
        Ok(state) => *state == ReviewCaseState::Approved,
        Err(status) => status::reason(status).as_deref() == Some("COMMAND_NOT_ALLOWED"),
    };
    assert!(states.iter().all(is_expected) && states.iter().any(Result::is_ok), "{states:?}");
    assert_eq!(count_approvals(&system.sent_events().await), 1);
}

async fn r25_a_claim_closed_during_approval_stays_closed(system: TestSystem) {
    system.submit_and_start_review(1).await;
    let concurrent = system.clone();
    system.registry.during_next_hold(async move { concurrent.close(1).await });
    let answer = system.approve("amy", 1).await.unwrap_err();
    assert_eq!(
        (answer.code(), status::metadata(&answer, "state").as_deref()),
        (Code::FailedPrecondition, Some("CLOSED"))
    );
    assert_eq!(system.stored(&case(1)).await.state.phase(), Phase::Closed);
    assert_eq!(count_approvals(&system.sent_events().await), 0);
    assert_eq!(system.count("pending_decision").await, 0);
}

async fn the_hold_request_contains_the_claim(system: TestSystem) {
    system.submit_and_start_review(1).await;
    system.approve("amy", 1).await.unwrap();
    let hold = system.registry.hold_requests().remove(0);
    assert_eq!(hold.claim.to_string(), claim(1).claim);
    assert_eq!(
        (hold.tenant.to_string().as_str(), hold.mpn_id.as_str(), hold.submit_time),
        (TENANT, "1234567", parse_time(SUBMITTED))
    );
    assert_eq!(hold.lines[0].key.to_string(), "workloads/teams");
}
