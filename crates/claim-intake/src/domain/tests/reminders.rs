//! R48: the partner is reminded once, one business day before a deadline.
use super::fixtures::*;
use crate::domain::*;
use cpor_durable::Aggregate as _;
use cpor_types::{ActorSide, Deadline, Length};
use std::time::Duration;

fn reminder(claim: &Claim) -> Option<Deadline> {
    claim.deadlines().into_iter().find(|deadline| deadline.kind.starts_with("remind_"))
}

#[test]
fn r48_a_reminder_is_due_once_and_never_early() {
    for (test, fact) in
        [(TestClaim::asked(), FactKind::ResponseReminded), (TestClaim::rejected(), FactKind::DisputeReminded)]
    {
        let due = reminder(&test.claim).unwrap().due;
        assert!(test.claim.apply_passed_deadline(due - Duration::from_micros(1)).is_none());
        let elapsed = test.claim.apply_passed_deadline(due).unwrap();
        assert_eq!((elapsed.due, &elapsed.transition.events[0].kind), (due, &EventKind::FactApplied(fact)));
        let next = elapsed.transition.next;
        assert_eq!((next.state.kind(), reminder(&next)), (test.claim.state.kind(), None));
        assert!(next.apply_passed_deadline(due).is_none(), "never twice");
    }
}

#[test]
fn r48_no_reminder_after_an_answer() {
    let answer = Resubmit { comment: Some(comment(ActorSide::Partner)) };
    let answered = TestClaim::asked().step(|claim, now| claim.resubmit(answer, Some(&admitted()), &rules(), now));
    assert_eq!(reminder(&answered.claim), None);
    let disputed = TestClaim::rejected().step(|claim, now| claim.dispute(dispute(), Some(&admitted()), &rules(), now));
    assert_eq!(reminder(&disputed.claim), None);
}

#[test]
fn r48_after_an_outage_the_reminder_comes_before_the_end() {
    let test = TestClaim::asked().apply_passed_deadline(at("2026-03-17T00:00:00Z"));
    let what: Vec<_> = test.events.iter().rev().take(2).map(|event| event.kind.action()).collect();
    assert_eq!(what, ["response_deadline_passed", "response_reminded"]);
}

#[test]
fn r48_a_short_window_has_no_reminder() {
    let calendars = cpor_types::Calendars::shipped().unwrap();
    let calendar = calendars.get("de").unwrap();
    let day = Length::BusinessDays(1);
    let window = |days| {
        let deadline = calendar.deadline(Rules::PARTNER_RESPONSE, start(), Length::BusinessDays(days));
        Window::new(deadline, start(), day, calendar).reminder_time
    };
    // From Friday morning to the end of Friday, and to the end of Monday.
    assert_eq!((window(0), window(1)), (None, Some(at("2026-03-06T23:00:00Z"))));
}
