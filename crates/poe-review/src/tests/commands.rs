//! What callers of the service see: commands, refusals, etags, request ids.
use super::*;
use cpor_proto::{
    events::v1::event::Payload,
    reviews::v1::{ReviewCaseState, ReviewClock, ReviewCommand, TakeReviewCaseRequest},
};

#[tokio::test]
async fn r19_a_case_is_taken_started_sent_back_and_comes_again() {
    on_both(async |system| {
        system.review(1).await;
        let asked = system.ask("amy", 1, "Which year?").await.unwrap();
        assert_eq!((asked.state(), asked.round), (ReviewCaseState::PartnerActionRequired, 1));
        system.resubmit(claim(1), day(3)).await;
        let again = system.start_review("amy", 1).await.unwrap();
        assert_eq!((again.state(), again.reviewer.as_str(), again.round), (ReviewCaseState::UnderReview, "amy", 2));
        let told: Vec<_> = system.told().await.iter().map(name).collect();
        assert_eq!(
            told,
            [
                "opened, clocks run",
                "assigned amy",
                "started, clocks run",
                "asked dates_missing_or_old Which year?",
                "opened, clocks run",
                "started, clocks run",
            ]
        );
    })
    .await;
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what no test expects is shown as it is")]
fn name(payload: &Payload) -> String {
    match payload {
        Payload::ReviewAssigned(fact) => format!("assigned {}", fact.reviewer),
        Payload::ReviewOpened(fact) => format!("opened, clocks {}", run(fact.due_time)),
        Payload::ReviewStarted(fact) => format!("started, clocks {}", run(fact.due_time)),
        Payload::PartnerActionRequested(fact) => format!("asked {} {}", fact.reasons.join(","), fact.comment),
        Payload::ReviewReminded(fact) => format!("reminded {}", fact.clock),
        Payload::ReviewOverdue(fact) => format!("overdue {}", fact.clock),
        other => format!("{other:?}"),
    }
}

fn run(due: Option<prost_types::Timestamp>) -> &'static str {
    if due.is_some() { "run" } else { "stand" }
}

#[tokio::test]
async fn r19_release_and_assign_are_told() {
    on_both(async |system| {
        system.submit(1).await;
        system.take("amy", 1).await.unwrap();
        system.release("amy", 1).await.unwrap();
        system.assign("lea", 1, "zoe").await.unwrap();
        let told: Vec<_> = system.told().await.iter().map(name).collect();
        assert_eq!(told, ["opened, clocks run", "assigned amy", "assigned ", "assigned zoe"]);
    })
    .await;
}

#[tokio::test]
async fn refusals_have_documented_reasons() {
    on_both(async |system| {
        system.submit(1).await;
        assert_eq!(
            refusal(system.start_review("amy", 1).await),
            (Code::PermissionDenied, "NOT_CASE_REVIEWER".to_owned())
        );
        assert_eq!(
            refusal(system.approve("lea", 1).await),
            (Code::FailedPrecondition, "COMMAND_NOT_ALLOWED".to_owned())
        );
        system.take("amy", 1).await.unwrap();
        assert_eq!(refusal(system.take("bob", 1).await), (Code::FailedPrecondition, "ALREADY_ASSIGNED".to_owned()));
        assert_eq!(refusal(system.take("bob", 2).await), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
        assert_eq!(refusal(system.get("bob", 2).await), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
        system.start_review("amy", 1).await.unwrap();
        assert_eq!(refusal(system.ask("amy", 1, "  ").await), (Code::InvalidArgument, "INVALID_FIELDS".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn an_etag_that_is_not_the_cases_is_refused() {
    on_both(async |system| {
        system.submit(1).await;
        let etag = system.get("amy", 1).await.unwrap().etag;
        let with = |etag: &str| TakeReviewCaseRequest {
            name: case(1),
            etag: etag.to_owned(),
            ..TakeReviewCaseRequest::default()
        };
        for stale in ["0", "ff", "not an etag"] {
            assert_eq!(
                refusal(system.take_with("amy", with(stale)).await),
                (Code::Aborted, "ETAG_MISMATCH".to_owned()),
                "{stale}"
            );
        }
        let taken = system.take_with("amy", with(&etag)).await.unwrap();
        assert_ne!(taken.etag, etag);
        let elsewhere = TakeReviewCaseRequest { name: case(2), ..with("1") };
        assert_eq!(
            refusal(system.take_with("amy", elsewhere).await),
            (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned())
        );
    })
    .await;
}

#[tokio::test]
async fn a_request_id_makes_a_command_safe_to_repeat() {
    on_both(async |system| {
        system.submit(1).await;
        system.submit(3).await;
        let request =
            TakeReviewCaseRequest { name: case(1), request_id: "once".to_owned(), ..TakeReviewCaseRequest::default() };
        let first = system.take_with("amy", request.clone()).await.unwrap();
        assert_eq!(system.take_with("amy", request.clone()).await.unwrap(), first);
        let other = TakeReviewCaseRequest { name: case(3), ..request };
        assert_eq!(
            refusal(system.take_with("amy", other).await),
            (Code::InvalidArgument, "REQUEST_ID_REUSED".to_owned())
        );
    })
    .await;
}

#[tokio::test]
async fn what_one_can_do_depends_on_who_one_is() {
    on_both(async |system| {
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
    })
    .await;
}

#[tokio::test]
async fn r45_an_overdue_review_is_told_once_and_shown() {
    on_both(async |system| {
        system.submit(1).await;
        system.advance(day(8)).await;
        system.advance(day(9)).await;
        let case = system.get("amy", 1).await.unwrap();
        let start = case.deadlines.iter().find(|deadline| deadline.clock() == ReviewClock::Start).unwrap();
        assert!(start.overdue && start.due_time.is_some());
        assert_eq!(case.state(), ReviewCaseState::Waiting);
        let told: Vec<_> = system.told().await.iter().map(name).collect();
        assert_eq!(told, ["opened, clocks run", "reminded review_start", "overdue review_start"]);
    })
    .await;
}

#[tokio::test]
async fn deadlines_are_shown_with_due_time_or_with_what_is_left() {
    on_both(async |system| {
        system.review(1).await;
        let asked = system.ask("amy", 1, "Which year?").await.unwrap();
        let left: Vec<_> = asked
            .deadlines
            .iter()
            .map(|deadline| (deadline.clock(), deadline.business_days_left, deadline.due_time))
            .collect();
        assert_eq!(
            left,
            [(ReviewClock::Start, 5, None), (ReviewClock::Decision, 5, None), (ReviewClock::Overall, 10, None)]
        );
    })
    .await;
}
