//! Tests of commands as callers see them: results, refusals, etags and request ids.
use super::*;
use cpor_proto::{
    events::v1::event::Payload,
    reviews::v1::{ReviewCaseState, ReviewCommand, TakeReviewCaseRequest},
    r#type::v1::ReviewClock,
};
use cpor_testing::on_both_databases;

on_both_databases![
    r19_a_case_passes_through_a_second_round,
    r19_release_and_assign_send_events,
    refusals_have_documented_reasons,
    a_stale_etag_is_refused,
    a_request_id_makes_a_command_safe_to_repeat,
    allowed_commands_depend_on_the_caller,
    r45_an_overdue_review_is_reported_once,
    deadlines_show_due_time_or_days_left,
];

async fn r19_a_case_passes_through_a_second_round(system: TestSystem) {
    system.submit_and_start_review(1).await;
    let par = system.request_partner_action("amy", 1, "Which year?").await.unwrap();
    assert_eq!((par.state(), par.round), (ReviewCaseState::PartnerActionRequired, 1));
    system.resubmit(claim(1), day(3)).await;
    let restarted = system.start_review("amy", 1).await.unwrap();
    assert_eq!(
        (restarted.state(), restarted.reviewer.as_str(), restarted.round),
        (ReviewCaseState::UnderReview, "amy", 2)
    );
    let events: Vec<_> = system.sent_events().await.iter().map(summary).collect();
    assert_eq!(
        events,
        [
            "opened, clocks run",
            "assigned amy",
            "started, clocks run",
            "asked [DatesMissingOrOld] Which year?",
            "opened, clocks run",
            "started, clocks run",
        ]
    );
}

#[expect(clippy::wildcard_enum_match_arm, reason = "unexpected payloads are shown in full")]
fn summary(payload: &Payload) -> String {
    match payload {
        Payload::ReviewAssigned(event) => format!("assigned {}", event.reviewer),
        Payload::ReviewOpened(event) => format!("opened, clocks {}", clock_state(event.due_time)),
        Payload::ReviewStarted(event) => format!("started, clocks {}", clock_state(event.due_time)),
        Payload::PartnerActionRequested(event) => {
            format!("asked {:?} {}", event.reasons().collect::<Vec<_>>(), event.comment)
        }
        Payload::ReviewReminded(event) => format!("reminded {:?}", event.clock()),
        Payload::ReviewOverdue(event) => format!("overdue {:?}", event.clock()),
        other => format!("{other:?}"),
    }
}

fn clock_state(due: Option<prost_types::Timestamp>) -> &'static str {
    if due.is_some() { "run" } else { "stand" }
}

async fn r19_release_and_assign_send_events(system: TestSystem) {
    system.submit(1).await;
    system.take("amy", 1).await.unwrap();
    system.release("amy", 1).await.unwrap();
    system.assign("lea", 1, "zoe").await.unwrap();
    let events: Vec<_> = system.sent_events().await.iter().map(summary).collect();
    assert_eq!(events, ["opened, clocks run", "assigned amy", "assigned ", "assigned zoe"]);
}

async fn refusals_have_documented_reasons(system: TestSystem) {
    system.submit(1).await;
    assert_eq!(refusal(system.start_review("amy", 1).await), (Code::PermissionDenied, "NOT_CASE_REVIEWER".to_owned()));
    assert_eq!(refusal(system.approve("lea", 1).await), (Code::FailedPrecondition, "COMMAND_NOT_ALLOWED".to_owned()));
    system.take("amy", 1).await.unwrap();
    assert_eq!(refusal(system.take("bob", 1).await), (Code::FailedPrecondition, "ALREADY_ASSIGNED".to_owned()));
    assert_eq!(refusal(system.take("bob", 2).await), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
    assert_eq!(refusal(system.get("bob", 2).await), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
    system.start_review("amy", 1).await.unwrap();
    assert_eq!(
        refusal(system.request_partner_action("amy", 1, "  ").await),
        (Code::InvalidArgument, "INVALID_FIELDS".to_owned())
    );
}

async fn a_stale_etag_is_refused(system: TestSystem) {
    system.submit(1).await;
    let etag = system.get("amy", 1).await.unwrap().etag;
    let request_with =
        |etag: &str| TakeReviewCaseRequest { name: case(1), etag: etag.to_owned(), ..TakeReviewCaseRequest::default() };
    for stale in ["0", "ff", "+1", "01", "1F", "not an etag"] {
        assert_eq!(
            refusal(system.take_with("amy", request_with(stale)).await),
            (Code::Aborted, "ETAG_MISMATCH".to_owned()),
            "{stale}"
        );
    }
    let taken = system.take_with("amy", request_with(&etag)).await.unwrap();
    assert_ne!(taken.etag, etag);
    for etag in ["1", "not an etag"] {
        let missing_case = TakeReviewCaseRequest { name: case(2), ..request_with(etag) };
        assert_eq!(
            refusal(system.take_with("amy", missing_case).await),
            (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned())
        );
    }
}

async fn a_request_id_makes_a_command_safe_to_repeat(system: TestSystem) {
    system.submit(1).await;
    system.submit(3).await;
    let request =
        TakeReviewCaseRequest { name: case(1), request_id: "once".to_owned(), ..TakeReviewCaseRequest::default() };
    let first = system.take_with("amy", request.clone()).await.unwrap();
    assert_eq!(system.take_with("amy", request.clone()).await.unwrap(), first);
    let other = TakeReviewCaseRequest { name: case(3), ..request };
    assert_eq!(refusal(system.take_with("amy", other).await), (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned()));
}

async fn allowed_commands_depend_on_the_caller(system: TestSystem) {
    system.submit(1).await;
    system.take("amy", 1).await.unwrap();
    for (who, allowed) in [
        ("amy", &[ReviewCommand::Release, ReviewCommand::Start][..]),
        ("lea", &[ReviewCommand::Assign, ReviewCommand::Release, ReviewCommand::Start]),
        ("bob", &[]),
        ("otto", &[]),
    ] {
        assert_eq!(system.get(who, 1).await.unwrap().allowed_commands().collect::<Vec<_>>(), allowed, "{who}");
    }
    assert_eq!(system.get("bob", 1).await.unwrap().reviewer, "amy");
    assert_eq!(system.get("otto", 1).await.unwrap().reviewer, "[redacted]", "R5");
}

async fn r45_an_overdue_review_is_reported_once(system: TestSystem) {
    system.submit(1).await;
    system.advance(day(8)).await;
    system.advance(day(9)).await;
    let case = system.get("amy", 1).await.unwrap();
    let start = case.deadlines.iter().find(|deadline| deadline.clock() == ReviewClock::Start).unwrap();
    assert!(start.overdue && start.due_time.is_some());
    assert_eq!(case.state(), ReviewCaseState::Waiting);
    let events: Vec<_> = system.sent_events().await.iter().map(summary).collect();
    assert_eq!(events, ["opened, clocks run", "reminded Start", "overdue Start"]);
}

async fn deadlines_show_due_time_or_days_left(system: TestSystem) {
    system.submit_and_start_review(1).await;
    let par = system.request_partner_action("amy", 1, "Which year?").await.unwrap();
    let left: Vec<_> = par
        .deadlines
        .iter()
        .map(|deadline| (deadline.clock(), deadline.business_days_left, deadline.due_time))
        .collect();
    assert_eq!(
        left,
        [(ReviewClock::Start, 5, None), (ReviewClock::Decision, 5, None), (ReviewClock::Overall, 10, None)]
    );
}
