//! Tests of the clocks (R45) in the vendor's calendar (R46).
use super::*;
use cpor_durable::Aggregate;
use cpor_types::Length;

fn due(case: &ReviewCase, kind: ClockKind) -> Option<Timestamp> {
    case.clocks.running_deadlines().into_iter().find(|(running, _)| *running == kind).map(|(_, deadline)| deadline.due)
}

/// Returns the end of the nth business day after the submission, which was on a Monday.
fn end_of(business_day: u32) -> Timestamp {
    calendar().due(parse_time(SUBMITTED), Length::BusinessDays(business_day))
}

/// Returns the case after its first reminder, which comes one business day before the clock passes.
fn reminded(case: ReviewCase) -> ReviewCase {
    let elapsed = case.apply_passed_deadline(end_of(4)).unwrap();
    assert_eq!(elapsed.transition.events, [CaseEvent::Reminded { clock: ClockKind::Start }]);
    elapsed.transition.next
}

/// Returns the morning of the nth day after the submission.
fn day(n: u32) -> Timestamp {
    parse_time(SUBMITTED) + std::time::Duration::from_secs(u64::from(n) * 86_400)
}

#[test]
fn r45_start_and_overall_run_from_the_submission() {
    let case = waiting_case();
    assert_eq!(due(&case, ClockKind::Start), Some(end_of(5)));
    assert_eq!(due(&case, ClockKind::Overall), Some(end_of(10)));
    assert_eq!(due(&case, ClockKind::Decision), None);
}

#[test]
fn r45_the_decision_runs_from_the_start() {
    let case = next_case(case_in_phase(Phase::Waiting).start(&amy(), day(2), &calendar()));
    assert_eq!(due(&case, ClockKind::Start), None);
    assert_eq!(due(&case, ClockKind::Decision), Some(end_of(7)));
    assert_eq!(due(&case, ClockKind::Overall), Some(end_of(10)));
}

#[test]
fn r45_clocks_stop_in_par_and_keep_the_time_left() {
    let started = next_case(case_in_phase(Phase::Waiting).start(&amy(), day(2), &calendar()));
    let par = next_case(started.request_partner_action(&amy(), partner_action(), day(3), &calendar()));
    assert_eq!(par.deadlines(), []);
    // A week later: start has 3 of its 5 days left, overall 7 of 10, decision 4 of 5 once started.
    let resubmitted = par.apply_resubmission(snapshot(), day(10), &calendar()).unwrap().next;
    assert_eq!(due(&resubmitted, ClockKind::Start), Some(calendar().due(day(10), Length::BusinessDays(3))));
    assert_eq!(due(&resubmitted, ClockKind::Overall), Some(calendar().due(day(10), Length::BusinessDays(7))));
    assert_eq!(due(&resubmitted, ClockKind::Decision), None);
    let restarted = next_case(resubmitted.start(&amy(), day(11), &calendar()));
    assert_eq!(due(&restarted, ClockKind::Decision), Some(calendar().due(day(11), Length::BusinessDays(4))));
}

#[test]
fn r45_a_passed_clock_makes_the_case_overdue_once() {
    let case = reminded(waiting_case());
    assert_eq!(case.apply_passed_deadline(end_of(5) - std::time::Duration::from_micros(1)), None);
    let elapsed = case.apply_passed_deadline(end_of(5)).unwrap();
    assert_eq!(elapsed.due, end_of(5));
    assert_eq!(elapsed.transition.events, [CaseEvent::Overdue { clock: ClockKind::Start }]);
    let overdue = elapsed.transition.next;
    assert_eq!((overdue.phase(), overdue.reviewer()), (Phase::Waiting, None));
    assert!(overdue.clocks.is_overdue() && !case.clocks.is_overdue());
    assert!(matches!(overdue.clocks.get(ClockKind::Start), Some(Clock::Overdue { .. })));
    assert_eq!(overdue.apply_passed_deadline(end_of(9) - std::time::Duration::from_micros(1)), None);
}

#[test]
fn r45_a_clock_that_passed_does_not_run_again_after_par() {
    let overdue = reminded(case_in_phase(Phase::Waiting)).apply_passed_deadline(end_of(5)).unwrap().transition.next;
    let started = next_case(overdue.start(&amy(), day(8), &calendar()));
    let par = next_case(started.request_partner_action(&amy(), partner_action(), day(8), &calendar()));
    let resubmitted = par.apply_resubmission(snapshot(), day(9), &calendar()).unwrap().next;
    assert_eq!(due(&resubmitted, ClockKind::Start), None);
    assert!(matches!(resubmitted.clocks.get(ClockKind::Start), Some(Clock::Overdue { .. })));
}

#[test]
fn r45_a_refused_approval_keeps_the_deadlines() {
    let case = case_in_phase(Phase::UnderReview);
    let approving = next_case(case.approve(&amy(), approval(3), day(2), &calendar()));
    let reopened =
        approving.cancel_approval(approval(3).decision_id, vec![refused_line()], day(2), &calendar()).unwrap().next;
    let dues = |case: &ReviewCase| {
        case.clocks.running_deadlines().into_iter().map(|(kind, deadline)| (kind, deadline.due)).collect::<Vec<_>>()
    };
    assert_eq!(dues(&reopened), dues(&case));
}

#[test]
fn r45_a_closed_case_has_no_deadlines() {
    for phase in [Phase::Approved, Phase::Rejected, Phase::Closed] {
        assert_eq!(case_in_phase(phase).deadlines(), [], "{phase:?}");
        assert_eq!(case_in_phase(phase).apply_passed_deadline(day(400)), None, "{phase:?}");
    }
}

#[test]
fn r47_the_earliest_passed_clock_comes_first() {
    let (mut case, mut passed) = (waiting_case(), Vec::new());
    while let Some(elapsed) = case.apply_passed_deadline(day(30)) {
        passed.push((elapsed.due, elapsed.transition.events[0].clock_alert().unwrap()));
        case = elapsed.transition.next;
    }
    let expected = [
        (end_of(4), ClockAlert::Reminder(ClockKind::Start)),
        (end_of(5), ClockAlert::Overdue(ClockKind::Start)),
        (end_of(9), ClockAlert::Reminder(ClockKind::Overall)),
        (end_of(10), ClockAlert::Overdue(ClockKind::Overall)),
    ];
    assert_eq!(passed, expected);
}

#[test]
fn r61_clock_lengths_come_from_the_profile() {
    let case = open_case(NewCase { clock_lengths: clock_lengths("2023@1"), ..new_case() });
    assert_eq!(due(&case, ClockKind::Start), Some(end_of(5)));
    assert_eq!(case.clocks.get(ClockKind::Overall), None, "this profile has no such clock");
    let started = next_case(case.start(&lead(), day(1), &calendar()));
    assert_eq!(due(&started, ClockKind::Decision), Some(calendar().due(day(1), Length::BusinessDays(14))));
}

#[test]
fn r45_the_clock_of_a_dispute_stops_in_par() {
    let case = open_case(NewCase { kind: dispute_kind(), ..new_case() });
    assert_eq!(case.clocks.iter().map(|(kind, _)| kind).collect::<Vec<_>>(), [ClockKind::DisputeDecision]);
    assert_eq!(due(&case, ClockKind::DisputeDecision), Some(end_of(5)));
    let started = next_case(case.start(&lead(), day(1), &calendar()));
    assert_eq!(due(&started, ClockKind::DisputeDecision), Some(end_of(5)), "it runs from the dispute");
    let par = next_case(started.request_partner_action(&lead(), partner_action(), day(2), &calendar()));
    assert_eq!(par.deadlines(), []);
    let resubmitted = par.apply_resubmission(snapshot(), day(9), &calendar()).unwrap().next;
    assert_eq!(due(&resubmitted, ClockKind::DisputeDecision), Some(calendar().due(day(9), Length::BusinessDays(3))));
}

#[test]
fn r37_clocks_stop_while_competing() {
    for kind in [CaseKind::Submission, dispute_kind()] {
        let case = open_case(NewCase { kind, ..new_case() });
        let contested = case.update_rivals(checked(rivals()), 1, day(2), &calendar()).unwrap().next;
        assert_eq!(contested.deadlines(), []);
        // Two days have passed. Starting the review does not change that.
        let started = next_case(contested.start(&lead(), day(3), &calendar()));
        assert_eq!(started.deadlines(), []);
        let uncontested = started.update_rivals(checked(Rivals::new()), 1, day(10), &calendar()).unwrap().next;
        let left = |kind, n| {
            uncontested
                .clocks
                .get(kind)
                .is_none_or(|_| due(&uncontested, kind) == Some(calendar().due(day(10), Length::BusinessDays(n))))
        };
        assert!(left(ClockKind::Decision, 5) && left(ClockKind::Overall, 8) && left(ClockKind::DisputeDecision, 3));
    }
}

#[test]
fn r61_clocks_run_while_competing_if_the_profile_says_so() {
    let competition_terms = CompetitionTerms { clocks_run: true, ..CompetitionTerms::default() };
    let case = open_case(NewCase { competition_terms, ..new_case() });
    let contested = case.update_rivals(checked(rivals()), 1, day(2), &calendar()).unwrap().next;
    assert!(contested.is_contested());
    assert_eq!(contested.deadlines(), case.deadlines());
}

#[test]
fn r48_a_reminder_comes_one_business_day_before() {
    let reminders = |case: &ReviewCase| {
        case.clocks.reminder_deadlines().into_iter().map(|(kind, deadline)| (kind, deadline.due)).collect::<Vec<_>>()
    };
    assert_eq!(reminders(&waiting_case()), [(ClockKind::Start, end_of(4)), (ClockKind::Overall, end_of(9))]);
    let started = next_case(reminded(case_in_phase(Phase::Waiting)).start(&amy(), day(7), &calendar()));
    assert!(reminders(&started).iter().all(|(kind, _)| *kind != ClockKind::Start), "a stopped clock has no reminder");
    let par = next_case(started.request_partner_action(&amy(), partner_action(), day(7), &calendar()));
    assert_eq!(reminders(&par), []);
    // The start clock has less time left than the time between reminder and due time.
    let resubmitted = par.apply_resubmission(snapshot(), day(14), &calendar()).unwrap().next;
    assert_eq!(reminders(&resubmitted).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>(), [ClockKind::Overall]);
}
