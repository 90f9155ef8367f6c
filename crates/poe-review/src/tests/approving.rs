//! Approve and hold, with everything that can come between (R23, R36).
use super::*;
use crate::domain::Phase;
use cpor_kit::status;
use cpor_proto::{events::v1::event::Payload, reviews::v1::ReviewCaseState};
use tonic_types::StatusExt as _;

fn approvals(told: &[Payload]) -> usize {
    told.iter().filter(|payload| matches!(payload, Payload::ReviewApproved(_))).count()
}

#[tokio::test]
async fn r23_held_lines_are_an_approved_case() {
    on_both(async |system| {
        system.review(1).await;
        let approved = system.approve("amy", 1).await.unwrap();
        assert_eq!(approved.state(), ReviewCaseState::Approved);
        assert!(approved.close_time.is_some() && approved.allowed_commands.is_empty());
        let asked = system.registry.asked();
        assert_eq!(system.registry.fake.held_by(&asked[0].claim).len(), 1);
        let told = system.told().await;
        let Some(Payload::ReviewApproved(fact)) = told.last() else { panic!("{told:?}") };
        assert_eq!((fact.decision_id.clone(), fact.comment.as_str()), (asked[0].decision_id.to_string(), "well done"));
        assert_eq!(system.count("pending_approval").await, 0);
    })
    .await;
}

#[tokio::test]
async fn r36_a_held_key_is_refused_by_name_and_the_review_goes_on() {
    on_both(async |system| {
        system.review(1).await;
        system.review(2).await;
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
        assert_eq!(
            (case.state(), case.approval_refusals[0].reason.as_str()),
            (ReviewCaseState::UnderReview, "KEY_HELD")
        );
        let told = system.told().await;
        assert!(matches!(told.last(), Some(Payload::ApprovalRefused(_))), "{told:?}");
        assert!(system.reject("amy", 2).await.is_ok(), "nothing stands in the way of a rejection");
    })
    .await;
}

#[tokio::test]
async fn r36_a_repeated_request_that_was_refused_gets_the_first_answer() {
    on_both(async |system| {
        system.review(1).await;
        system.review(2).await;
        system.approve("amy", 1).await.unwrap();
        for _ in 0..2 {
            let expected = (Code::FailedPrecondition, "LINES_NOT_HELD".to_owned());
            assert_eq!(refusal(system.approve_as("amy", 2, "once").await), expected);
        }
        assert_eq!(system.registry.asked().len(), 2, "the registry was asked once for each claim");
    })
    .await;
}

#[tokio::test]
async fn r23_an_approval_without_a_registry_goes_on_by_itself() {
    on_both(async |system| {
        system.review(1).await;
        system.registry.fake.go_down();
        let away = system.approve("amy", 1).await.unwrap_err();
        assert_eq!((away.code(), status::reason(&away).as_deref()), (Code::Unavailable, Some("REGISTRY_UNAVAILABLE")));
        assert!(status::retry_after(&away).is_some());
        assert_eq!(system.stored(&case(1)).await.state.phase(), Phase::Approving);
        system.registry.fake.come_back();
        system.wall.advance_by(chrono::TimeDelta::seconds(20));
        system.resumer.go_on(system.api.approver.pending.take_due().await.unwrap()).await;
        assert_eq!(system.stored(&case(1)).await.state.phase(), Phase::Approved);
    })
    .await;
}

#[tokio::test]
async fn r23_calling_again_joins_the_approval_under_way() {
    on_both(async |system| {
        system.review(1).await;
        system.registry.fake.go_down();
        system.approve_as("amy", 1, "once").await.unwrap_err();
        system.registry.fake.come_back();
        assert_eq!(system.approve_as("amy", 1, "once").await.unwrap().state(), ReviewCaseState::Approved);
        let decisions: Vec<_> = system.registry.asked().iter().map(|hold| hold.decision_id).collect();
        assert_eq!(decisions[0], decisions[1]);
    })
    .await;
}

#[tokio::test]
async fn r23_a_crash_after_the_hold_is_completed_by_the_next_process_at_once() {
    on_both(async |system| {
        system.review(1).await;
        system.registry.lose_answers(1);
        system.approve("amy", 1).await.unwrap_err();
        let next = system.another().await;
        // Its lease has not run out: a process that starts does not wait for that.
        next.resumer.go_on(next.api.approver.pending.take_all().await.unwrap()).await;
        assert_eq!(next.stored(&case(1)).await.state.phase(), Phase::Approved);
        assert_eq!(approvals(&next.told().await), 1);
    })
    .await;
}

#[tokio::test]
async fn r23_two_who_complete_one_approval_do_it_once() {
    on_both(async |system| {
        system.review(1).await;
        system.registry.lose_answers(1);
        system.approve_as("amy", 1, "once").await.unwrap_err();
        let other = system.another().await;
        let (ours, theirs) = (
            system.api.approver.pending.take_all().await.unwrap(),
            other.api.approver.pending.take_all().await.unwrap(),
        );
        tokio::join!(system.resumer.go_on(ours), other.resumer.go_on(theirs), async {
            system.approve_as("amy", 1, "once").await.unwrap()
        });
        assert_eq!(system.stored(&case(1)).await.state.phase(), Phase::Approved);
        assert_eq!(approvals(&system.told().await), 1);
    })
    .await;
}

#[tokio::test]
async fn only_one_replica_takes_up_what_waits_too_long() {
    on_both(async |system| {
        system.review(1).await;
        system.registry.fake.go_down();
        system.approve("amy", 1).await.unwrap_err();
        system.wall.advance_by(chrono::TimeDelta::seconds(20));
        let other = system.another().await;
        let (ours, theirs) =
            tokio::join!(system.api.approver.pending.take_due(), other.api.approver.pending.take_due());
        let taken = [ours.unwrap(), theirs.unwrap()].concat();
        assert_eq!(taken.iter().map(|pending| pending.attempts).collect::<Vec<_>>(), [1]);
        assert_eq!(system.api.approver.pending.take_due().await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn two_approvals_at_once_get_the_same_answer() {
    on_both(async |system| {
        system.review(1).await;
        let (first, second) = tokio::join!(system.approve("amy", 1), system.approve("lea", 1));
        let states = [first, second].map(|answer| answer.map(|case| case.state()));
        // The second may come when all is over already.
        let fine = |state: &Result<ReviewCaseState, Status>| match state {
            Ok(state) => *state == ReviewCaseState::Approved,
            Err(status) => status::reason(status).as_deref() == Some("COMMAND_NOT_ALLOWED"),
        };
        assert!(states.iter().all(fine) && states.iter().any(Result::is_ok), "{states:?}");
        assert_eq!(approvals(&system.told().await), 1);
    })
    .await;
}

#[tokio::test]
async fn r25_a_claim_closed_while_its_lines_are_held_stays_closed() {
    on_both(async |system| {
        system.review(1).await;
        let beside = system.clone();
        system.registry.meanwhile(async move { beside.close(1).await });
        let answer = system.approve("amy", 1).await.unwrap_err();
        assert_eq!(
            (answer.code(), status::metadata(&answer, "state").as_deref()),
            (Code::FailedPrecondition, Some("closed"))
        );
        assert_eq!(system.stored(&case(1)).await.state.phase(), Phase::Closed);
        assert_eq!(approvals(&system.told().await), 0);
        assert_eq!(system.count("pending_approval").await, 0);
    })
    .await;
}

#[tokio::test]
async fn the_hold_asks_for_what_the_claim_says() {
    on_both(async |system| {
        system.review(1).await;
        system.approve("amy", 1).await.unwrap();
        let hold = system.registry.asked().remove(0);
        assert_eq!(hold.claim.to_string(), claim(1).claim);
        assert_eq!(
            (hold.tenant.to_string().as_str(), hold.mpn_id.as_str(), hold.submit_time),
            (TENANT, "1234567", at(SUBMITTED))
        );
        assert_eq!(hold.lines[0].key.to_string(), "workloads/teams");
    })
    .await;
}
