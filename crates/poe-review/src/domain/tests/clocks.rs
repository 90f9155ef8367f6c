//! The clocks of R45, in the vendor's calendar (R46).
use super::*;
use cpor_durable::Aggregate;
use cpor_types::Length;

fn due(case: &ReviewCase, kind: ClockKind) -> Option<Timestamp> {
    case.clocks.running().into_iter().find(|(running, _)| *running == kind).map(|(_, deadline)| deadline.due)
}

/// The end of the nth business day after the submission's, which was a Monday.
fn end_of(business_day: u32) -> Timestamp {
    calendar().due(at(SUBMITTED), Length::BusinessDays(business_day))
}

/// The case after the first reminder, which came the day before its clock passes.
fn reminded(case: ReviewCase) -> ReviewCase {
    let elapsed = case.elapse(end_of(4)).unwrap();
    assert_eq!(elapsed.transition.events, [CaseEvent::Reminded { clock: ClockKind::Start }]);
    elapsed.transition.next
}

/// The nth day after the submission, in the morning.
fn day(n: u32) -> Timestamp {
    at(SUBMITTED) + std::time::Duration::from_secs(u64::from(n) * 86_400)
}

#[test]
fn r45_start_and_overall_run_from_the_submission() {
    let case = waiting();
    assert_eq!(due(&case, ClockKind::Start), Some(end_of(5)));
    assert_eq!(due(&case, ClockKind::Overall), Some(end_of(10)));
    assert_eq!(due(&case, ClockKind::Decision), None);
}

#[test]
fn r45_the_decision_runs_from_the_start() {
    let case = done(in_phase(Phase::Waiting).start(&amy(), day(2), &calendar()));
    assert_eq!(due(&case, ClockKind::Start), None);
    assert_eq!(due(&case, ClockKind::Decision), Some(end_of(7)));
    assert_eq!(due(&case, ClockKind::Overall), Some(end_of(10)));
}

#[test]
fn r45_with_the_partner_all_stand_still_and_then_run_on_with_what_was_left() {
    let started = done(in_phase(Phase::Waiting).start(&amy(), day(2), &calendar()));
    let asked = done(started.request_partner_action(&amy(), action(), day(3), &calendar()));
    assert_eq!(asked.deadlines(), []);
    // A week later: start has 3 of its 5 days left, overall 7 of 10, decision 4 of 5 once started.
    let answered = asked.resubmitted(snapshot(), day(10), &calendar()).unwrap().next;
    assert_eq!(due(&answered, ClockKind::Start), Some(calendar().due(day(10), Length::BusinessDays(3))));
    assert_eq!(due(&answered, ClockKind::Overall), Some(calendar().due(day(10), Length::BusinessDays(7))));
    assert_eq!(due(&answered, ClockKind::Decision), None);
    let again = done(answered.start(&amy(), day(11), &calendar()));
    assert_eq!(due(&again, ClockKind::Decision), Some(calendar().due(day(11), Length::BusinessDays(4))));
}

#[test]
fn r45_a_passed_clock_makes_the_case_overdue_once_and_changes_nothing_else() {
    let case = reminded(waiting());
    assert_eq!(case.elapse(end_of(5) - std::time::Duration::from_micros(1)), None);
    let elapsed = case.elapse(end_of(5)).unwrap();
    assert_eq!(elapsed.due, end_of(5));
    assert_eq!(elapsed.transition.events, [CaseEvent::Overdue { clock: ClockKind::Start }]);
    let overdue = elapsed.transition.next;
    assert_eq!((overdue.phase(), overdue.reviewer()), (Phase::Waiting, None));
    assert!(overdue.clocks.overdue() && !case.clocks.overdue());
    assert!(matches!(overdue.clocks.get(ClockKind::Start), Some(Clock::Passed { .. })));
    assert_eq!(overdue.elapse(end_of(9) - std::time::Duration::from_micros(1)), None);
}

#[test]
fn r45_a_clock_that_passed_does_not_run_again_after_par() {
    let overdue = reminded(in_phase(Phase::Waiting)).elapse(end_of(5)).unwrap().transition.next;
    let started = done(overdue.start(&amy(), day(8), &calendar()));
    let asked = done(started.request_partner_action(&amy(), action(), day(8), &calendar()));
    let answered = asked.resubmitted(snapshot(), day(9), &calendar()).unwrap().next;
    assert_eq!(due(&answered, ClockKind::Start), None);
    assert!(matches!(answered.clocks.get(ClockKind::Start), Some(Clock::Passed { .. })));
}

#[test]
fn r45_a_refused_approval_runs_on_to_the_same_deadlines() {
    let case = in_phase(Phase::UnderReview);
    let approving = done(case.approve(&amy(), approval(3), day(2), &calendar()));
    let reopened = approving.not_held(approval(3).decision_id, vec![refused_line()], day(2), &calendar()).unwrap().next;
    let dues = |case: &ReviewCase| {
        case.clocks.running().into_iter().map(|(kind, deadline)| (kind, deadline.due)).collect::<Vec<_>>()
    };
    assert_eq!(dues(&reopened), dues(&case));
}

#[test]
fn r45_a_case_that_is_over_has_no_clocks() {
    for phase in [Phase::Approved, Phase::Rejected, Phase::Closed] {
        assert_eq!(in_phase(phase).deadlines(), [], "{phase:?}");
        assert_eq!(in_phase(phase).elapse(day(400)), None, "{phase:?}");
    }
}

#[test]
fn r47_of_several_passed_clocks_the_earliest_comes_first() {
    let (mut case, mut passed) = (waiting(), Vec::new());
    while let Some(elapsed) = case.elapse(day(30)) {
        passed.push((elapsed.due, elapsed.transition.events[0].told_by_mail().unwrap()));
        case = elapsed.transition.next;
    }
    let expected = [
        (end_of(4), (ClockKind::Start, false)),
        (end_of(5), (ClockKind::Start, true)),
        (end_of(9), (ClockKind::Overall, false)),
        (end_of(10), (ClockKind::Overall, true)),
    ];
    assert_eq!(passed, expected);
}

#[test]
fn r61_the_lengths_are_those_of_the_claims_profile() {
    let case = opened(Opening { lengths: lengths("2023@1"), ..opening() });
    assert_eq!(due(&case, ClockKind::Start), Some(end_of(14)));
    assert_eq!(case.clocks.get(ClockKind::Overall), None, "this profile has no such clock");
    let started = done(case.start(&lead(), day(1), &calendar()));
    assert_eq!(due(&started, ClockKind::Decision), Some(calendar().due(day(1), Length::BusinessDays(14))));
}

#[test]
fn r45_a_dispute_has_one_clock_which_stops_with_the_partner() {
    let case = opened(Opening { kind: dispute(), ..opening() });
    assert_eq!(case.clocks.all().map(|(kind, _)| kind).collect::<Vec<_>>(), [ClockKind::DisputeDecision]);
    assert_eq!(due(&case, ClockKind::DisputeDecision), Some(end_of(5)));
    let started = done(case.start(&lead(), day(1), &calendar()));
    assert_eq!(due(&started, ClockKind::DisputeDecision), Some(end_of(5)), "it runs from the dispute");
    let asked = done(started.request_partner_action(&lead(), action(), day(2), &calendar()));
    assert_eq!(asked.deadlines(), []);
    let answered = asked.resubmitted(snapshot(), day(9), &calendar()).unwrap().next;
    assert_eq!(due(&answered, ClockKind::DisputeDecision), Some(calendar().due(day(9), Length::BusinessDays(3))));
}

#[test]
fn r37_review_clocks_stop_while_competing_and_run_on_with_what_was_left() {
    for kind in [CaseKind::Submission, dispute()] {
        let case = opened(Opening { kind, ..opening() });
        let contested = case.competing(rivals(), day(2), &calendar()).unwrap().next;
        assert_eq!(contested.deadlines(), []);
        // Two of the days are gone, whatever the case does meanwhile.
        let started = done(contested.start(&lead(), day(3), &calendar()));
        assert_eq!(started.deadlines(), []);
        let alone = started.competing(Rivals::new(), day(10), &calendar()).unwrap().next;
        let left = |kind, n| {
            alone
                .clocks
                .get(kind)
                .is_none_or(|_| due(&alone, kind) == Some(calendar().due(day(10), Length::BusinessDays(n))))
        };
        assert!(left(ClockKind::Decision, 5) && left(ClockKind::Overall, 8) && left(ClockKind::DisputeDecision, 3));
    }
}

#[test]
fn r48_a_reminder_comes_a_business_day_ahead_and_again_when_the_clock_runs_anew() {
    let reminders = |case: &ReviewCase| {
        case.clocks.reminders().into_iter().map(|(kind, deadline)| (kind, deadline.due)).collect::<Vec<_>>()
    };
    assert_eq!(reminders(&waiting()), [(ClockKind::Start, end_of(4)), (ClockKind::Overall, end_of(9))]);
    let started = done(reminded(in_phase(Phase::Waiting)).start(&amy(), day(7), &calendar()));
    assert!(reminders(&started).iter().all(|(kind, _)| *kind != ClockKind::Start), "a clock that stands still");
    let asked = done(started.request_partner_action(&amy(), action(), day(7), &calendar()));
    assert_eq!(reminders(&asked), []);
    // Less is left of the start than a reminder is ahead.
    let answered = asked.resubmitted(snapshot(), day(14), &calendar()).unwrap().next;
    assert_eq!(reminders(&answered).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>(), [ClockKind::Overall]);
}
