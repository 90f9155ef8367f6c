//! R45, R46: which clocks run, for how long, and by which calendar.

use chrono::{DateTime, TimeDelta, Utc};
use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, both_databases, due_rule, from_timestamp, timestamp};
use cpor_proto::{
    claims::v1::{Claim, ClaimState, WithdrawReason},
    operations::v1::ListDeadlinesRequest,
    options::v1::Service,
    reviews::v1::ReviewDeadline,
    r#type::v1::ReviewClock,
};

both_databases![
    r45_review_start_is_overdue_after_five_business_days,
    r45_review_decision_stops_while_the_partner_acts,
    r45_the_overall_clock_excludes_the_partners_time,
    r45_leaving_a_state_cancels_its_clocks,
    r46_each_side_has_its_own_calendar,
    r46_deadlines_respect_holidays_and_summer_time,
    r46_operators_see_every_deadline_with_its_rule,
];

both_databases![with with_calendar_file: r46_a_file_corrects_a_shipped_calendar];

/// A clock of the review case.
async fn clock(case: &TestClaim<'_>, clock: ReviewClock) -> ReviewDeadline {
    let deadlines = case.review(&case.system.lead).await.unwrap().deadlines;
    let deadline = deadlines.iter().find(|deadline| deadline.clock() == clock).cloned();
    deadline.unwrap_or_else(|| panic!("no {clock:?} in {deadlines:?}"))
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn r45_review_start_is_overdue_after_five_business_days(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    let start = clock(&case, ReviewClock::Start).await;
    // It is Monday 02:00 in Los Angeles. The fifth business day after it ends at midnight there.
    assert_eq!((start.due_time, start.overdue), (Some(timestamp("2026-03-24T07:00:00Z")), false));
    assert_eq!(start.rule, due_rule("5 business days, calendar vendor-us 2026"));
    system.advance_to(time("2026-03-24T06:59:59.999999Z")).await;
    assert!(!clock(&case, ReviewClock::Start).await.overdue);
    system.advance_to(time("2026-03-24T07:00:00Z")).await;
    assert!(clock(&case, ReviewClock::Start).await.overdue);
    assert_eq!(case.claim().await.state(), ClaimState::Submitted, "overdue changes no state");
    let entry = case.entry("review_overdue").await;
    assert_eq!((entry.reason.as_str(), entry.effective_time), ("review_start", start.due_time));
    case.take_and_start_review().await;
    assert_eq!(case.claim().await.state(), ClaimState::UnderReview);
}

async fn r45_review_decision_stops_while_the_partner_acts(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    assert_eq!(clock(&case, ReviewClock::Decision).await.due_time, Some(timestamp("2026-03-24T07:00:00Z")));
    // On Wednesday two of the five days have passed.
    system.advance_to(time("2026-03-18T20:00:00Z")).await;
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    let stopped = clock(&case, ReviewClock::Decision).await;
    assert_eq!((stopped.due_time, stopped.business_days_left), (None, 3));
    system.advance_to(time("2026-03-20T20:00:00Z")).await;
    case.resubmit("Here it is.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(clock(&case, ReviewClock::Decision).await.due_time, None, "it resumes when the review is started again");
    // The review was started on the day of the submission, so the start clock has all five days
    // left.
    assert_eq!(clock(&case, ReviewClock::Start).await.due_time, Some(timestamp("2026-03-28T07:00:00Z")));
    system.advance_to(time("2026-03-23T20:00:00Z")).await;
    case.take_and_start_review().await;
    assert_eq!(clock(&case, ReviewClock::Decision).await.due_time, Some(timestamp("2026-03-27T07:00:00Z")));
    system.advance_to(time("2026-03-27T07:00:00Z")).await;
    assert_eq!(case.entry("review_overdue").await.reason, "review_decision");
    assert_eq!(case.claim().await.state(), ClaimState::UnderReview);
}

async fn r45_the_overall_clock_excludes_the_partners_time(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::UnderReview).await;
    assert_eq!(clock(&case, ReviewClock::Overall).await.due_time, Some(timestamp("2026-03-31T07:00:00Z")));
    system.advance_to(time("2026-03-18T20:00:00Z")).await;
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(clock(&case, ReviewClock::Overall).await.business_days_left, 8);
    system.advance_to(time("2026-03-20T20:00:00Z")).await;
    case.resubmit("Here it is.").await.unwrap();
    system.wait_until_idle().await;
    let overall = clock(&case, ReviewClock::Overall).await;
    assert_eq!(overall.due_time, Some(timestamp("2026-04-02T07:00:00Z")));
    system.advance_to(from_timestamp(overall.due_time)).await;
    assert!(clock(&case, ReviewClock::Overall).await.overdue);
    let is_reported =
        case.history().await.into_iter().any(|entry| entry.action == "review_overdue" && entry.reason == "overall");
    assert!(is_reported);
}

/// The kinds of pending deadlines of a claim, its review case and its consent.
async fn pending(system: &TestSystem, case: &TestClaim<'_>) -> Vec<String> {
    let mut kinds = Vec::new();
    for service in [Service::ClaimIntake, Service::PoeReview, Service::CustomerConsent] {
        let request =
            ListDeadlinesRequest { service: service.into(), page_size: 1000, ..ListDeadlinesRequest::default() };
        let response = system.operator.operations(cpor_types::Service::ClaimIntake).list_deadlines(request).await;
        for deadline in response.unwrap().into_inner().deadlines {
            let (claim, review) = (case.id().to_owned(), case.review_name().await);
            if deadline.resource.ends_with(&claim) || deadline.resource == review {
                kinds.push(deadline.kind);
            }
        }
    }
    kinds.sort();
    kinds
}

async fn r45_leaving_a_state_cancels_its_clocks(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    assert_eq!(pending(system, &case).await, ["overall", "remind_overall", "remind_review_start", "review_start"]);
    case.take_and_start_review().await;
    assert_eq!(
        pending(system, &case).await,
        ["overall", "remind_overall", "remind_review_decision", "review_decision"]
    );
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(pending(system, &case).await, ["partner_response", "remind_partner_response"]);
    case.resubmit("Here it is.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(pending(system, &case).await, ["overall", "remind_overall", "remind_review_start", "review_start"]);
    case.take_and_start_review().await;
    case.approve(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(pending(system, &case).await, ["consent_window"]);
    case.withdraw(WithdrawReason::WrongMpnId, "").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(pending(system, &case).await, Vec::<String>::new());
    system.advance_by(TimeDelta::days(60)).await;
    let passed = ["response_deadline_passed", "consent_window_passed", "review_overdue"];
    assert!(!case.history().await.iter().any(|entry| passed.contains(&entry.action.as_str())));
}

async fn r46_each_side_has_its_own_calendar(system: &TestSystem) {
    // The calendar of location 1002 is in New York, that of the customer in Prague.
    let claim = Claim { mpn_id: "1002".into(), ..system.presales().await };
    let case = TestClaim::at_stage(system, claim.clone(), ClaimStage::PartnerActionRequired).await;
    let action = case.claim().await.partner_action.unwrap();
    assert_eq!(
        (action.due_time, action.due_rule.as_str()),
        (Some(timestamp("2026-03-24T04:00:00Z")), due_rule("5 business days, calendar us-east 2026"))
    );
    case.withdraw(WithdrawReason::WrongMpnId, "").await.unwrap();
    system.wait_until_idle().await;
    let case = TestClaim::at_stage(system, claim, ClaimStage::Approved).await;
    assert_eq!(case.claim().await.consent_due_time, Some(timestamp("2026-03-23T23:00:00Z")));
}

async fn r46_deadlines_respect_holidays_and_summer_time(system: &TestSystem) {
    // Clocks go forward on Sunday 29 March. Seven calendar days after Thursday 26 March end at
    // midnight in Prague, where it is summer time by then.
    system.advance_to(time("2026-03-26T08:00:00Z")).await;
    let approved = TestClaim::at_stage(system, system.usage().await, ClaimStage::Approved).await;
    assert_eq!(approved.claim().await.consent_due_time, Some(timestamp("2026-04-02T22:00:00Z")));
    // Five business days after Monday 30 March: in Berlin, Good Friday and Easter Monday do not
    // count.
    system.advance_to(time("2026-03-30T08:00:00Z")).await;
    let requested = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    assert_eq!(requested.claim().await.partner_action.unwrap().due_time, Some(timestamp("2026-04-08T22:00:00Z")));
    // Calendar days count holidays too.
    let approved = TestClaim::at_stage(system, system.usage().await, ClaimStage::Approved).await;
    assert_eq!(approved.claim().await.consent_due_time, Some(timestamp("2026-04-06T22:00:00Z")));
}

async fn r46_operators_see_every_deadline_with_its_rule(system: &TestSystem) {
    let case = TestClaim::at_stage(system, system.presales().await, ClaimStage::PartnerActionRequired).await;
    let list = async |filter: &str| {
        let request = ListDeadlinesRequest {
            service: Service::ClaimIntake.into(),
            filter: filter.into(),
            ..ListDeadlinesRequest::default()
        };
        system
            .operator
            .operations(cpor_types::Service::ClaimIntake)
            .list_deadlines(request)
            .await
            .unwrap()
            .into_inner()
            .deadlines
    };
    let pending = list("").await;
    let deadlines: Vec<_> = pending.iter().map(|deadline| (deadline.kind.as_str(), deadline.due_time)).collect();
    let reminder = ("remind_partner_response", Some(timestamp("2026-03-20T23:00:00Z")));
    assert_eq!(deadlines, [reminder, ("partner_response", Some(timestamp("2026-03-23T23:00:00Z")))]);
    for deadline in &pending {
        assert_eq!((deadline.rule.as_str(), deadline.generation), (due_rule("5 business days, calendar de 2026"), 1));
        assert!(deadline.resource.contains(case.id()), "{}", deadline.resource);
    }
    case.resubmit("Here it is.").await.unwrap();
    system.wait_until_idle().await;
    assert_eq!(list("state = CANCELLED").await.len(), 2);
    case.take_and_start_review().await;
    case.request_action(&system.reviewer).await.unwrap();
    system.wait_until_idle().await;
    assert!(list("state = PENDING").await.iter().all(|deadline| deadline.generation == 2), "set for the second time");
    system.advance_by(TimeDelta::days(10)).await;
    assert_eq!(list("state = FIRED").await.len(), 2);
}

async fn r46_a_file_corrects_a_shipped_calendar(system: &TestSystem) {
    let stage = ClaimStage::PartnerActionRequired;
    let running = TestClaim::at_stage(system, system.presales().await, stage).await;
    let action = async |case: &TestClaim<'_>| {
        let action = case.claim().await.partner_action.unwrap();
        (action.due_time.unwrap(), action.due_rule)
    };
    let before = action(&running).await;
    assert_eq!(before, (timestamp("2026-03-23T23:00:00Z"), due_rule("5 business days, calendar de 2026").to_owned()));
    let corrected = "id = \"de\"\nversion = \"2026.2\"\nzone = \"Europe/Berlin\"\nweekend = [\"sat\", \"sun\"]\n\
                     [holidays]\n2026-03-18 = \"a day that was declared a holiday later\"\n";
    std::fs::write(system.store().calendar_file(), corrected).unwrap();
    system.stop_all().await;
    system.start_all().await;
    // A running clock keeps its due time; a new one follows the corrected calendar.
    assert_eq!(action(&running).await, before);
    let usage = Claim { mpn_id: "1001".to_owned(), ..system.usage().await };
    let new = TestClaim::at_stage(system, usage, stage).await;
    let rule = due_rule("5 business days, calendar de 2026").replace("de 2026", "de 2026.2");
    assert_eq!(action(&new).await, (timestamp("2026-03-24T23:00:00Z"), rule));
    system.advance_to(time("2026-03-23T23:00:00Z")).await;
    assert_eq!(running.claim().await.state(), ClaimState::Rejected);
    assert_eq!(new.claim().await.state(), ClaimState::PartnerActionRequired);
}
