//! Tests of the rules of customer consent, in the order of the rules.

use cpor_durable::Aggregate;
use cpor_types::{CustomerNotices, Timestamp};

use crate::domain::samples::*;
use crate::domain::*;

fn berlin_midnight_after(day: &str) -> Timestamp {
    format!("{day}T23:00:00Z").parse().unwrap()
}

/// Returns the event of an explicit approval.
fn approved_by(channel: Channel, awaits_confirmation: bool) -> Event {
    Event::CustomerApproved { channel, consent_request_number: 0, awaits_confirmation }
}

/// Returns the consent with a contact that is not authorized.
fn unauthorized(consent: Consent) -> Consent {
    Consent { claim: ClaimSummary { contact_authorized: false, ..consent.claim }, ..consent }
}

/// Returns the transition when a reviewer has confirmed the contact.
fn confirmed(consent: &Consent, now: Timestamp) -> cpor_durable::Transition<Consent> {
    consent.on_claim_edited(claim(), EditNotice::None, [notice(8), notice(9)], &terms(), now).unwrap()
}

#[test]
fn r43a_silence_counts_when_the_contact_is_confirmed() {
    let due = berlin_midnight_after("2026-03-11");
    let passed = unauthorized(window_open()).apply_passed_deadline(day(20)).unwrap();
    assert_eq!(
        passed.transition.events,
        [Event::WindowPassed { awaits_confirmation: true, consent_request_number: 0 }]
    );
    let waiting = passed.transition.next;
    assert_eq!((passed.due, waiting.state.kind()), (due, StateKind::AwaitingConfirmation));
    assert_eq!((waiting.state.official_since(), waiting.deadlines()), (None, vec![]));
    let granted = confirmed(&waiting, day(21));
    assert_eq!(granted.events, [Event::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }]);
    assert_eq!(granted.next.state.official_since(), Some(day(21)), "not before the confirmation");
    let signed_in = waiting.approve(Channel::SignedIn, day(22)).unwrap().unwrap();
    assert_eq!(signed_in.next.state.official_since(), Some(day(22)));
    let declined = waiting.decline(Channel::Link, "", day(22)).unwrap().unwrap().next;
    assert_eq!(declined.state.kind(), StateKind::Declined, "a decline always counts");
}

#[test]
fn r43a_a_link_approves_when_the_contact_is_confirmed() {
    for (consent, state) in [
        (requested(), StateKind::Requested),
        (awaiting(), StateKind::GrantedAwaitingDelivery),
        (window_open(), StateKind::GrantedInWindow),
        (awaiting_confirmation(), StateKind::Granted),
    ] {
        let before = unauthorized(consent);
        let approved = before.approve(Channel::Link, day(21)).unwrap().unwrap();
        assert_eq!(approved.events[0], approved_by(Channel::Link, true));
        assert_eq!(approved.next.state, before.state, "nothing is official yet");
        assert_eq!(approved.next.approve(Channel::Link, day(22)), Ok(None), "a repeated approval");
        let counted = confirmed(&approved.next, day(22));
        assert_eq!(counted.events, [approved_by(Channel::Link, false)]);
        assert_eq!(counted.next.state.kind(), state);
        let signed_in = approved.next.approve(Channel::SignedIn, day(22)).unwrap().unwrap();
        assert_eq!(signed_in.next.state.kind(), state, "a signed-in administrator needs no confirmation");
    }
}

#[test]
fn r43a_after_a_decline_silence_stays_a_decline() {
    let silent = unauthorized(explicit_approval_needed()).with_deadlines_applied(day(60));
    assert_eq!(silent.state.kind(), StateKind::Declined);
    let approved = unauthorized(explicit_approval_needed()).approve(Channel::Link, day(6)).unwrap().unwrap().next;
    let waiting = approved.with_deadlines_applied(day(60));
    assert_eq!(waiting.state.kind(), StateKind::AwaitingConfirmation, "the contact did approve");
    assert_eq!(confirmed(&waiting, day(61)).next.state.kind(), StateKind::Granted);
}

#[test]
fn r26_a_decline_is_possible_until_the_window_passes() {
    for consent in [requested(), ahead(), awaiting(), granted_awaiting(), window_open(), granted_in_window()] {
        let declined = consent.decline(Channel::Link, "No.", day(4)).unwrap().unwrap();
        assert_eq!(declined.next.state.kind(), StateKind::Declined);
        let declined_event = Event::CustomerDeclined {
            channel: Channel::Link,
            comment: "No.".into(),
            consent_request_number: 0,
            decline_time: None,
        };
        assert_eq!(declined.events[0], declined_event);
        assert!(matches!(declined.events[1..], [Event::ConfirmationQueued { .. }]), "R43a");
    }
}

#[test]
fn r26a_an_early_approval_is_recorded_and_reported() {
    let approved = requested().approve(Channel::SignedIn, day(1)).unwrap().unwrap();
    assert_eq!(approved.next.state, State::Requested);
    assert_eq!(approved.next.approval, Some(DecisionRecord { time: day(1), channel: Channel::SignedIn }));
    assert_eq!(approved.events[0], approved_by(Channel::SignedIn, false));
}

#[test]
fn r26a_an_early_approval_is_official_at_claim_approval() {
    // It does not matter which of the two services learned of the approval first.
    for (consent, official) in [(ahead(), false), (ahead(), true), (requested(), true)] {
        let approved = consent
            .on_claim_approved(
                claim(),
                ClaimApproval { customer_approved: official, ..approval(day(2)) },
                notice(2),
                &terms(),
                day(2),
            )
            .unwrap();
        assert_eq!(approved.next.state, State::GrantedAwaitingDelivery { since: day(2) });
        assert_eq!(approved.events, [Event::NoticeQueued { notice: notice(2) }]);
        assert!(approved.next.notices.iter().all(|notice| notice.delivery == Delivery::Queued), "none is withdrawn");
        assert_eq!(approved.next.deadlines(), []);
    }
}

#[test]
fn r26a_a_later_approval_is_official_at_once() {
    let waiting = awaiting().approve(Channel::Link, day(3)).unwrap().unwrap();
    assert_eq!(waiting.next.state, State::GrantedAwaitingDelivery { since: day(3) });
    let open = window_open().approve(Channel::Link, day(3)).unwrap().unwrap();
    assert_eq!(open.next.state.kind(), StateKind::GrantedInWindow);
    assert_eq!(open.next.state.official_since(), Some(day(3)));
    for approved in [waiting, open] {
        assert_eq!(approved.events[0], approved_by(Channel::Link, false));
        assert_eq!(approved.next.notices[1].kind, NoticeKind::Approval);
        assert!(!matches!(approved.next.notices[1].delivery, Delivery::Withdrawn { .. }), "the notice is still sent");
    }
}

#[test]
fn r26a_after_silence_an_approval_is_refused() {
    let due = window_open().state.window().map(|window| window.deadline.due);
    assert_eq!(granted().approve(Channel::Link, day(21)), Err(Refusal::WindowPassed { due }));
}

#[test]
fn r27_the_window_passes_exactly_when_due() {
    let consent = window_open();
    let due = berlin_midnight_after("2026-03-11");
    assert_eq!(consent.apply_passed_deadline(due - chrono::TimeDelta::microseconds(1)), None);
    let elapsed = consent.apply_passed_deadline(due).unwrap();
    assert_eq!(elapsed.due, due);
    assert_eq!(
        elapsed.transition.events,
        [Event::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }]
    );
    let State::Granted { since, .. } = elapsed.transition.next.state else { panic!("not granted") };
    assert_eq!(since, due);
}

#[test]
fn r27_the_window_ends_the_chance_to_decline() {
    let opened = |waiting: Consent| {
        waiting.on_notice_reported(notice(2), DeliveryReport::Accepted, &terms(), day(2)).unwrap().next
    };
    for (consent, official) in
        [(granted_in_window(), day(3)), (opened(granted_awaiting()), day(2)), (opened(reported_approval()), day(2))]
    {
        let elapsed = consent.apply_passed_deadline(day(30)).unwrap();
        assert_eq!(
            elapsed.transition.events,
            [Event::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }]
        );
        let State::Granted { since, .. } = elapsed.transition.next.state else { panic!("not granted") };
        assert_eq!(since, official);
        assert_eq!(elapsed.transition.next.apply_passed_deadline(day(60)), None);
    }
}

#[test]
fn r40_notices_at_submission_and_at_approval_once() {
    let kinds = |consent: &Consent| consent.notices.iter().map(|notice| notice.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&requested()), [NoticeKind::Submission]);
    assert_eq!(kinds(&awaiting()), [NoticeKind::Submission, NoticeKind::Approval]);
    let queued = awaiting().on_claim_approved(claim(), approval(day(3)), notice(3), &terms(), day(3));
    assert_eq!(queued, None, "a repeated approval queues no notice");
}

#[test]
fn r40_at_submission_only_where_the_policy_says_so() {
    let no_submission_notice =
        Terms { notices: CustomerNotices { at_submission: false, at_approval: true }, ..terms() };
    let submitted = Consent::request(claim(), notice(1), &no_submission_notice, monday());
    assert_eq!(submitted.next.notices, []);
    assert_eq!(submitted.events, []);
}

#[test]
fn r40_the_approval_notice_goes_to_the_current_contact() {
    let mut approved = claim();
    approved.contact = Contact { name: "Ben Ode".into(), email: "ben@fabrikam.example".into() };
    let next = requested().on_claim_approved(approved, approval(day(2)), notice(2), &terms(), day(2)).unwrap().next;
    assert_eq!(next.notices[1].contact.email, "ben@fabrikam.example");
}

#[test]
fn r41_the_window_is_seven_days_from_acceptance() {
    let opened = awaiting().on_notice_reported(notice(2), DeliveryReport::Accepted, &terms(), day(2)).unwrap();
    let due = berlin_midnight_after("2026-03-11");
    let rule = due_rule("7 calendar days, calendar de 2026");
    let settled = Event::NoticeDeliveryReported {
        kind: NoticeKind::Approval,
        report: DeliveryReport::Accepted,
        previous: cpor_types::NoticeState::Queued,
        consent_request_number: Some(0),
    };
    assert_eq!(opened.events, [settled, Event::WindowOpened { due, rule }]);
    assert_eq!(opened.next.deadlines().iter().map(|deadline| deadline.due).collect::<Vec<_>>(), [due]);
}

#[test]
fn r41_the_window_ends_at_local_midnight() {
    // 2026-03-29 has 23 hours in Berlin.
    let opened = awaiting().on_notice_reported(notice(2), DeliveryReport::Accepted, &terms(), day(24)).unwrap();
    let due = opened.next.state.window().unwrap().deadline.due;
    assert_eq!(due, "2026-04-02T22:00:00Z".parse::<Timestamp>().unwrap());
}

#[test]
fn r41_the_submission_notice_opens_no_window() {
    let settled = requested().on_notice_reported(notice(1), DeliveryReport::Accepted, &terms(), monday()).unwrap();
    let approved = settled.next.on_claim_approved(claim(), approval(day(2)), notice(2), &terms(), day(2)).unwrap().next;
    assert_eq!(approved.state.kind(), StateKind::AwaitingDelivery);
    let kinds: Vec<_> = approved.deadlines().into_iter().map(|deadline| deadline.kind).collect();
    assert_eq!(kinds, ["remind_customer_delivery", "customer_delivery"], "no window");
    let late = awaiting().on_notice_reported(notice(1), DeliveryReport::Accepted, &terms(), day(3)).unwrap().next;
    assert_eq!(late.state.kind(), StateKind::AwaitingDelivery);
}

#[test]
fn r41_the_window_opens_after_an_early_approval() {
    let late = awaiting().approve(Channel::Link, day(2)).unwrap().unwrap().next;
    for waiting in [granted_awaiting(), late] {
        assert_eq!(waiting.apply_passed_deadline(day(400)), None);
        let opened = waiting.on_notice_reported(notice(2), DeliveryReport::Accepted, &terms(), day(3)).unwrap();
        assert!(matches!(opened.events.as_slice(), [Event::NoticeDeliveryReported { .. }, Event::WindowOpened { .. }]));
        let State::GrantedInWindow { since, window } = &opened.next.state else { panic!("not in the window") };
        assert_eq!(*since, day(2), "it stays official since the approval");
        assert_eq!((window.open_time, window.deadline.due), (day(3), berlin_midnight_after("2026-03-12")));
        assert_eq!(opened.next.deadlines(), std::slice::from_ref(&window.deadline));
    }
}

#[test]
fn r41_after_a_bounce_the_consent_waits() {
    let bounced = awaiting().on_notice_reported(notice(2), permanent_bounce(), &terms(), day(2)).unwrap();
    assert_eq!(
        bounced.events,
        [Event::NoticeDeliveryReported {
            kind: NoticeKind::Approval,
            report: permanent_bounce(),
            previous: cpor_types::NoticeState::Queued,
            consent_request_number: Some(0),
        }]
    );
    assert_eq!(bounced.next.state.kind(), StateKind::AwaitingDelivery);
    assert_eq!(bounced.next.with_deadlines_applied(day(32)).state.kind(), StateKind::AwaitingDelivery);
    let approved = granted_awaiting().on_notice_reported(notice(2), permanent_bounce(), &terms(), day(2)).unwrap().next;
    assert_eq!(approved.state, granted_awaiting().state);
    assert!(approved.decline(Channel::SignedIn, "", day(400)).is_ok(), "no window has passed");
}

#[test]
fn r41a_an_unreached_customer_is_reported_once() {
    let mut consent = awaiting();
    let mut passed = vec![];
    while let Some(elapsed) = consent.apply_passed_deadline(day(60)) {
        passed.push((elapsed.due, elapsed.transition.events.clone()));
        consent = elapsed.transition.next;
    }
    // The 30th day after the approval ends on a Friday, and the reminder is one business day
    // before.
    let [remind, due] = ["2026-04-01T22:00:00Z", "2026-04-03T22:00:00Z"].map(|time| time.parse::<Timestamp>().unwrap());
    assert_eq!(
        passed,
        [
            (remind, vec![Event::DeliveryReminderDue]),
            (due, vec![Event::CustomerNotReached { consent_request_number: 0 }])
        ]
    );
    assert_eq!(consent.state.kind(), StateKind::Closed);
    let rejected = consent.on_claim_closed(Some(day(70)), day(60)).unwrap().next;
    assert_eq!(rejected.state.kind(), StateKind::RejectedDisputable, "the customer can still decline");
}

#[test]
fn r41b_a_bounce_after_the_period_leaves_time_to_act() {
    let late = Terms { delivery_length: cpor_types::Length::CalendarDays(3), ..terms() };
    let open = window_open();
    let stopped = open.on_notice_reported(notice(2), permanent_bounce(), &late, day(7)).unwrap();
    let due = stopped.next.state.delivery_period().unwrap().deadline.due;
    assert_eq!(due, berlin_midnight_after("2026-03-12"), "three days from the bounce, not from the approval");
    assert_eq!(stopped.events[1], Event::WindowStopped { delivery_due: Some(due) });
}

#[test]
fn r41_a_full_window_runs_after_a_bounce() {
    let mut consent = awaiting().on_notice_reported(notice(2), permanent_bounce(), &terms(), day(2)).unwrap().next;
    consent.notices.push(Notice { id: notice(3), delivery: Delivery::Queued, ..consent.notices[1].clone() });
    let opened = consent.on_notice_reported(notice(3), DeliveryReport::Accepted, &terms(), day(9)).unwrap().next;
    assert_eq!(opened.state.window().unwrap().deadline.due, berlin_midnight_after("2026-03-18"));
}

#[test]
fn r41_a_delivery_report_counts_once() {
    let open = window_open();
    assert_eq!(open.on_notice_reported(notice(2), DeliveryReport::Accepted, &terms(), day(5)), None);
    let bounced = open.on_notice_reported(notice(2), permanent_bounce(), &terms(), day(5)).unwrap().next;
    assert_eq!(bounced.on_notice_reported(notice(2), permanent_bounce(), &terms(), day(6)), None);
    assert_eq!(bounced.on_notice_reported(notice(2), DeliveryReport::Accepted, &terms(), day(6)), None);
    assert_eq!(open.on_notice_reported(notice(77), DeliveryReport::Accepted, &terms(), day(5)), None);
}

#[test]
fn r42_silence_is_enough() {
    let consent = window_open().with_deadlines_applied(day(30));
    assert_eq!(consent.state.kind(), StateKind::Granted);
    assert_eq!(consent.approval, None);
}

#[test]
fn r43_after_the_window_a_decline_is_refused() {
    let due = Some(berlin_midnight_after("2026-03-11"));
    let expected = Err(Refusal::WindowPassed { due });
    assert_eq!(granted().decline(Channel::Link, "", day(21)), expected);
    assert_eq!(granted_in_window().with_deadlines_applied(day(20)).decline(Channel::Link, "", day(21)), expected);
    let early =
        granted_awaiting().on_notice_reported(notice(2), DeliveryReport::Accepted, &terms(), day(2)).unwrap().next;
    assert_eq!(early.with_deadlines_applied(day(20)).decline(Channel::Link, "", day(21)), expected);
}

#[test]
fn r43_a_decline_overrides_an_approval() {
    for approved in [ahead(), granted_awaiting(), granted_in_window()] {
        let declined = approved.decline(Channel::SignedIn, "", day(4)).unwrap().unwrap().next;
        assert_eq!(declined.state.kind(), StateKind::Declined);
        assert!(declined.approval.is_some(), "the approval stays on record");
        assert_eq!(declined.approve(Channel::Link, day(5)), Err(Refusal::AlreadyDeclined));
    }
}

#[test]
fn r43_repeating_a_decision_changes_nothing() {
    for approved in
        [ahead(), granted_awaiting(), granted_in_window(), granted_in_window().with_deadlines_applied(day(30))]
    {
        assert_eq!(approved.approve(Channel::Link, day(31)), Ok(None));
    }
    assert_eq!(declined().decline(Channel::SignedIn, "Again.", day(5)), Ok(None));
}

#[test]
fn r43_a_closed_claim_refuses_decisions() {
    assert_eq!(closed().approve(Channel::Link, day(5)), Err(Refusal::ClaimClosed));
    assert_eq!(closed().decline(Channel::Link, "", day(5)), Err(Refusal::ClaimClosed));
}

#[test]
fn r45_a_final_state_cancels_window_and_notices() {
    for over in [
        declined(),
        granted_awaiting().on_claim_closed(None, day(4)).unwrap().next,
        window_open().on_claim_closed(None, day(4)).unwrap().next,
    ] {
        assert_eq!(over.deadlines(), []);
        assert_eq!(over.apply_passed_deadline(day(400)), None);
    }
    let withdrawn = awaiting().decline(Channel::SignedIn, "", day(2)).unwrap().unwrap().next;
    assert!(withdrawn.notices.iter().all(|notice| notice.delivery == Delivery::Withdrawn { time: day(2) }));
    let sent = withdrawn.on_notice_reported(notice(2), DeliveryReport::Accepted, &terms(), day(3)).unwrap().next;
    assert_eq!(
        sent.notices[1].delivery,
        Delivery::Accepted { time: day(3) },
        "the mail was sent before the withdrawal"
    );
}

#[test]
fn personal_data_is_not_in_debug_output() {
    let shown = format!("{:?}", awaiting());
    assert!(!shown.contains("anna") && !shown.contains("Anna"), "{shown}");
}
