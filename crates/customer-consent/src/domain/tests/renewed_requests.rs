//! Tests of edits (R29), disputes (R28), ended lines (R37, R39) and the policies of 2020 and 2023
//! (R61).

use cpor_durable::Aggregate;
use cpor_types::{Personal, Timestamp};

use crate::domain::samples::*;
use crate::domain::*;

/// Returns midnight in Berlin at the end of the fifth business day after the sample Monday.
fn due_2020() -> Timestamp {
    "2026-03-09T23:00:00Z".parse().unwrap()
}

fn in_2020(consent: &Consent, now: i64) -> cpor_durable::Transition<Consent> {
    consent.on_claim_approved(claim(), approval(day(now)), notice(2), &terms_of_2020(), day(now)).unwrap()
}

#[test]
fn r61_in_2020_the_window_runs_from_submission() {
    let requested = Consent::request(claim(), notice(1), &terms_of_2020(), monday()).next;
    let opened = requested.on_notice_reported(notice(1), DeliveryReport::Accepted, &terms_of_2020(), monday()).unwrap();
    assert_eq!(
        opened.events,
        [Event::NoticeDeliveryReported {
            kind: NoticeKind::Submission,
            report: DeliveryReport::Accepted,
            previous: cpor_types::NoticeState::Queued,
            consent_request_number: Some(0),
        }]
    );
    assert_eq!(opened.next.deadlines().iter().map(|deadline| deadline.due).collect::<Vec<_>>(), [due_2020()]);
}

#[test]
fn r61_in_2020_silence_after_the_approval_grants() {
    let approved = in_2020(&requested_in_window(), 2);
    let rule = due_rule("5 business days, calendar de 2026");
    assert_eq!(approved.events, [Event::WindowOpened { due: due_2020(), rule }], "and no notice at approval");
    let elapsed = approved.next.apply_passed_deadline(day(10)).unwrap();
    assert_eq!(
        (elapsed.due, elapsed.transition.events),
        (due_2020(), vec![Event::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }])
    );
}

#[test]
fn r61_in_2020_silence_before_the_approval_grants_then() {
    let passed = requested_in_window().apply_passed_deadline(day(9)).unwrap();
    assert_eq!(passed.transition.events, [], "not before the approval");
    let approved = in_2020(&requested_window_passed(), 10);
    let rule = due_rule("5 business days, calendar de 2026");
    let passed = Event::WindowPassed { awaits_confirmation: false, consent_request_number: 0 };
    assert_eq!(approved.events, [Event::WindowOpened { due: due_2020(), rule }, passed]);
    assert_eq!(approved.next.state.official_since(), Some(day(10)));
    assert!(requested_window_passed().decline(Channel::Link, "", day(9)).is_err(), "the window has passed");
}

#[test]
fn r47_a_late_reported_approval_keeps_the_due_time() {
    let late = requested_window_passed()
        .on_claim_approved(claim(), approval(day(2)), notice(2), &terms_of_2020(), day(10))
        .unwrap();
    let elapsed = late.next.apply_passed_deadline(day(10)).unwrap();
    assert_eq!(
        (elapsed.due, elapsed.transition.events),
        (due_2020(), vec![Event::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }])
    );
}

#[test]
fn r41_in_2020_a_bounce_delays_the_window() {
    let requested = Consent::request(claim(), notice(1), &terms_of_2020(), monday()).next;
    let bounced = requested.on_notice_reported(notice(1), permanent_bounce(), &terms_of_2020(), monday()).unwrap().next;
    assert!(bounced.is_waiting_for_delivery());
    let approved = in_2020(&bounced, 2).next;
    assert_eq!(approved.state.kind(), StateKind::AwaitingDelivery);
    // The customer was not reached, so a notice is sent at the approval too.
    let opened =
        approved.on_notice_reported(notice(2), DeliveryReport::Accepted, &terms_of_2020(), day(3)).unwrap().next;
    assert_eq!(opened.state.kind(), StateKind::WindowOpen);
}

#[test]
fn r43_r61_in_2023_a_decline_is_always_possible() {
    let granted = Consent { decline_any_time: true, ..granted() };
    assert_eq!(granted.allowed_commands().collect::<Vec<_>>(), [CustomerCommand::Decline]);
    let declined = granted.decline(Channel::SignedIn, "Not them.", day(300)).unwrap().unwrap();
    assert_eq!(declined.next.state.kind(), StateKind::Declined);
    assert!(matches!(declined.events.as_slice(), [Event::CustomerDeclined { .. }, ..]));
}

#[test]
fn r44_a_notice_is_sent_again_and_never_shortens_the_window() {
    for waiting in [awaiting(), granted_awaiting()] {
        let bounced = waiting.on_notice_reported(notice(2), permanent_bounce(), &terms(), day(2)).unwrap().next;
        let resent = bounced.resend_notice(notice(7), day(3)).unwrap().unwrap();
        let resent_event =
            Event::NoticeResent { kind: NoticeKind::Approval, previous: cpor_types::NoticeState::Bounced };
        assert_eq!(resent.events, [resent_event, Event::NoticeQueued { notice: notice(7) }]);
        assert_eq!(resent.next.notices[2].kind, NoticeKind::Approval);
        assert!(!resent.next.is_waiting_for_delivery(), "the notice is queued");
        let opened =
            resent.next.on_notice_reported(notice(7), DeliveryReport::Accepted, &terms(), day(4)).unwrap().next;
        assert_eq!(opened.state.window().unwrap().open_time, day(4));
    }
    let open = window_open();
    let resent = open.resend_notice(notice(7), day(5)).unwrap().unwrap().next;
    let accepted = resent.on_notice_reported(notice(7), DeliveryReport::Accepted, &terms(), day(5)).unwrap().next;
    assert_eq!(accepted.state, open.state);
}

#[test]
fn r44_only_sent_notices_are_resent() {
    assert_eq!(requested().resend_notice(notice(7), day(1)), Ok(None));
    let without_notice = Consent { notices: vec![], ..requested() };
    assert_eq!(without_notice.resend_notice(notice(7), day(1)), Err(Refusal::NoNotice));
    assert_eq!(declined().resend_notice(notice(7), day(5)), Err(Refusal::AlreadyDeclined));
    assert_eq!(closed().resend_notice(notice(7), day(5)), Err(Refusal::ClaimClosed));
    assert!(matches!(granted().resend_notice(notice(7), day(20)), Err(Refusal::WindowPassed { .. })));
}

#[test]
fn r41_only_bounces_without_a_window_wait_for_delivery() {
    let bounced = |consent: &Consent| {
        let last = consent.notices.last().unwrap().id;
        consent.on_notice_reported(last, permanent_bounce(), &terms(), day(2)).unwrap().next
    };
    for consent in [requested(), awaiting(), granted_awaiting()] {
        assert!(!consent.is_waiting_for_delivery() && bounced(&consent).is_waiting_for_delivery());
    }
    assert!(!bounced(&window_open().resend_notice(notice(7), day(3)).unwrap().unwrap().next).is_waiting_for_delivery());
    assert!(!bounced(&awaiting()).on_claim_closed(None, day(3)).unwrap().next.is_waiting_for_delivery());
}

#[test]
fn r29_an_edit_notifies_both_contacts_and_voids_approval() {
    let edited = ahead()
        .on_claim_edited(edited_claim(), EditNotice::NewRequest, [notice(5), notice(6)], &terms(), day(2))
        .unwrap();
    let queued = |n| Event::NoticeQueued { notice: notice(n) };
    assert_eq!(edited.events, [queued(5), queued(6)]);
    let consent = edited.next;
    assert_eq!(consent.approval, None);
    let to: Vec<_> = consent.notices.iter().map(|notice| notice.contact.email.expose()).collect();
    assert_eq!(to, ["anna.lee@fabrikam.example", "anna.lee@fabrikam.example", "ben@fabrikam.example"]);
    assert!(matches!(consent.notices[0].delivery, Delivery::Withdrawn { .. }), "the notice is outdated");
    let change = consent.change.clone().unwrap();
    assert_eq!((change.added.len(), change.removed.len(), change.new_contact), (0, 1, true));
    let approved =
        consent.on_claim_approved(edited_claim(), approval(day(3)), notice(7), &terms(), day(3)).unwrap().next;
    assert_eq!(approved.state.kind(), StateKind::AwaitingDelivery, "not official by the approval that lapsed");
}

#[test]
fn r29_earlier_and_former_links_can_only_decline() {
    let consent = edited();
    for outdated in [notice(1), notice(5), notice(99)] {
        assert_eq!(consent.approve_by_link(outdated, day(3)), Err(Refusal::LinkOutdated));
    }
    assert!(consent.decline(Channel::Link, "", day(3)).is_ok());
    assert!(consent.approve_by_link(notice(6), day(3)).unwrap().is_some());
    assert!(consent.approve(Channel::SignedIn, day(3)).unwrap().is_some());
}

#[test]
fn r29_only_edits_by_the_partner_notify() {
    let mut fewer = claim();
    fewer.lines.pop();
    let edited = requested()
        .on_claim_edited(fewer.clone(), EditNotice::NewRequest, [notice(5), notice(6)], &terms(), day(2))
        .unwrap();
    assert_eq!(edited.events, [Event::NoticeQueued { notice: notice(6) }]);
    let lost =
        ahead().on_claim_edited(fewer.clone(), EditNotice::None, [notice(5), notice(6)], &terms(), day(2)).unwrap();
    assert_eq!((lost.events, lost.next.claim.lines.len()), (vec![], 1));
    assert!(lost.next.approval.is_some() && lost.next.notices[0].is_current);
}

#[test]
fn r29_notices_before_an_edit_open_no_window() {
    let requested = Consent::request(claim(), notice(1), &terms_of_2020(), monday()).next;
    let edited = requested
        .on_claim_edited(edited_claim(), EditNotice::NewRequest, [notice(5), notice(6)], &terms(), day(1))
        .unwrap()
        .next;
    for stale in [notice(1), notice(5)] {
        let settled =
            edited.on_notice_reported(stale, DeliveryReport::Accepted, &terms_of_2020(), day(1)).unwrap().next;
        assert_eq!(settled.state, State::Requested);
    }
    let settled =
        edited.on_notice_reported(notice(6), DeliveryReport::Accepted, &terms_of_2020(), day(1)).unwrap().next;
    assert_eq!(settled.state.kind(), StateKind::AwaitingReviewInWindow);
}

#[test]
fn r28_while_a_rejection_can_be_disputed_a_decline_is_recorded() {
    let rejected = disputable();
    assert_eq!(rejected.deadlines().iter().map(|deadline| deadline.due).collect::<Vec<_>>(), [day(31)]);
    assert_eq!(rejected.approve(Channel::Link, day(4)), Err(Refusal::ClaimClosed));
    let declined = rejected.decline(Channel::SignedIn, "Not them.", day(4)).unwrap().unwrap();
    assert!(matches!(declined.events.as_slice(), [Event::CustomerDeclined { channel: Channel::SignedIn, .. }, ..]));
    let over = rejected.apply_passed_deadline(day(31)).unwrap();
    assert_eq!((over.transition.next.state.kind(), over.transition.events), (StateKind::Closed, vec![]));
    assert_eq!(rejected.with_deadlines_applied(day(31)).decline(Channel::Link, "", day(31)), Err(Refusal::ClaimClosed));
}

#[test]
fn r28_a_dispute_asks_the_customer_anew() {
    for rejected in [declined(), disputable(), disputable().with_deadlines_applied(day(40))] {
        let disputed = rejected.on_claim_disputed(claim(), EarlierDecision::None, notice(3), &terms(), day(4)).unwrap();
        assert_eq!(disputed.next.state, State::Requested);
        assert_eq!(disputed.events, [Event::NoticeQueued { notice: notice(3) }]);
        assert_eq!(disputed.next.declined_before_dispute, rejected.state.kind() == StateKind::Declined);
        assert_eq!(disputed.next.notices.last().unwrap().kind, NoticeKind::Dispute);
    }
}

#[test]
fn r26a_r28_a_known_approval_survives_a_dispute() {
    let rejected = ahead().on_claim_closed(Some(day(31)), day(3)).unwrap().next;
    let disputed =
        |rejected: &Consent, word| rejected.on_claim_disputed(claim(), word, notice(3), &terms(), day(4)).unwrap();
    let kept = disputed(&rejected, EarlierDecision::Approved).next;
    assert_eq!((kept.approval, kept.state.kind()), (ahead().approval, StateKind::Requested));
    assert_eq!(
        kept.allowed_commands().collect::<Vec<_>>(),
        [CustomerCommand::Decline],
        "the approval is known already"
    );
    let approved = kept.on_claim_approved(claim(), official(day(5)), notice(4), &terms(), day(5)).unwrap().next;
    assert_eq!(approved.state.official_since(), Some(day(5)));
    assert_eq!(
        disputed(&rejected, EarlierDecision::None).next.approval,
        None,
        "claim-intake does not know of the approval"
    );
    // A decline overrides the approval, even if claim-intake does not know of the decline yet.
    let declined = rejected.decline(Channel::Link, "", day(3)).unwrap().unwrap().next;
    for word in [EarlierDecision::Declined, EarlierDecision::Approved] {
        let disputed = disputed(&declined, word).next;
        assert!(disputed.needs_explicit_approval() && disputed.approval.is_none());
    }
}

#[test]
fn r28_notices_before_a_dispute_open_no_window() {
    let declined = awaiting().decline(Channel::Link, "", day(3)).unwrap().unwrap().next;
    let disputed =
        declined.on_claim_disputed(claim(), EarlierDecision::Declined, notice(3), &terms(), day(4)).unwrap().next;
    let approved =
        disputed.on_claim_approved(claim(), after_decline(day(5)), notice(4), &terms(), day(5)).unwrap().next;
    let settled = approved.on_notice_reported(notice(2), DeliveryReport::Accepted, &terms(), day(5)).unwrap().next;
    assert_eq!(settled.state.kind(), StateKind::AwaitingDelivery);
}

#[test]
fn r28_after_a_decline_silence_declines_again() {
    let waiting = explicit_approval_needed();
    let elapsed = waiting.apply_passed_deadline(day(60)).unwrap();
    let declined_event = Event::CustomerDeclined {
        channel: Channel::Silence,
        comment: Personal::empty(),
        consent_request_number: 0,
        decline_time: None,
    };
    assert_eq!(elapsed.transition.events, [declined_event]);
    assert_eq!(elapsed.transition.next.channel(), Some(Channel::Silence));
    let approved = waiting.approve(Channel::Link, day(6)).unwrap().unwrap().next;
    assert_eq!(approved.state.official_since(), Some(day(6)));
    assert_eq!(approved.with_deadlines_applied(day(60)).state.kind(), StateKind::Granted);
    let ahead = disputed().approve(Channel::Link, day(4)).unwrap().unwrap().next;
    let approved = ahead.on_claim_approved(claim(), after_decline(day(5)), notice(4), &terms(), day(5)).unwrap().next;
    assert_eq!(approved.state.official_since(), Some(day(5)), "what was approved since the dispute counts");
}

#[test]
fn r28_r61_in_2020_earlier_silence_rejects_at_approval() {
    let declined = requested_in_window().decline(Channel::Link, "", day(1)).unwrap().unwrap().next;
    let requested = declined
        .on_claim_disputed(claim(), EarlierDecision::Declined, notice(3), &terms_of_2020(), day(2))
        .unwrap()
        .next;
    let open =
        requested.on_notice_reported(notice(3), DeliveryReport::Accepted, &terms_of_2020(), day(2)).unwrap().next;
    let approved = open.with_deadlines_applied(day(20)).on_claim_approved(
        claim(),
        after_decline(day(20)),
        notice(4),
        &terms_of_2020(),
        day(20),
    );
    let approved = approved.unwrap();
    assert!(matches!(
        approved.events.as_slice(),
        [Event::WindowOpened { .. }, Event::CustomerDeclined { channel: Channel::Silence, .. }]
    ));
}

#[test]
fn r37_r39_ended_lines_close_the_consent() {
    for consent in [awaiting(), granted_awaiting(), window_open(), granted_in_window(), granted()] {
        let ended = consent.on_lines_ended(day(4)).unwrap();
        let reported = Event::ConsentEnded { consent_request_number: 0 };
        assert_eq!((ended.next.state.kind(), ended.events), (StateKind::Closed, vec![reported]));
        assert_eq!((ended.next.deadlines(), ended.next.allowed_commands().count()), (vec![], 0));
    }
}

/// claim-intake gets the decline before the report, so it cannot come after an erasure (R56).
#[test]
fn r56_a_decline_comes_before_the_report_of_the_end() {
    let declined = granted_in_window().decline(Channel::Link, "No.", day(4)).unwrap().unwrap().next;
    let ended = declined.on_lines_ended(day(5)).unwrap();
    assert_eq!(ended.next.state, declined.state);
    assert_eq!(ended.events, [Event::ConsentEnded { consent_request_number: 0 }]);
}

#[test]
fn r47_reinstated_lines_open_the_consent_again() {
    for consent in [granted_awaiting(), granted_in_window(), granted()] {
        let since = consent.state.official_since().unwrap();
        let ended = consent.on_lines_ended(day(4)).unwrap().next;
        let now = if matches!(consent.state, State::Granted { .. }) { day(60) } else { day(4) };
        let reinstated = ended.on_lines_reinstated(since, notice(9), &terms(), now).unwrap();
        let needs_notice = consent.state.window().is_none();
        let notified = needs_notice.then_some(Event::NoticeQueued { notice: notice(9) });
        assert_eq!(reinstated.events, notified.into_iter().collect::<Vec<_>>());
        assert_eq!(reinstated.next.state.kind(), consent.state.kind());
        assert_eq!(reinstated.next.state.official_since(), Some(since));
        assert_eq!(reinstated.next.state.window(), consent.state.window());
        assert_eq!(consent.on_lines_reinstated(since, notice(9), &terms(), now), None, "they had not ended");
    }
}

#[test]
fn r41_a_reinstated_consent_without_a_window_is_notified() {
    let ended = granted_awaiting().on_lines_ended(day(4)).unwrap().next;
    assert!(ended.notices.iter().all(|notice| notice.delivery != Delivery::Queued), "they were withdrawn");
    let reinstated = ended.on_lines_reinstated(day(2), notice(9), &terms(), day(5)).unwrap().next;
    let last = reinstated.notices.last().unwrap();
    assert_eq!((last.id, last.kind, last.delivery), (notice(9), NoticeKind::Approval, Delivery::Queued));
    let accepted = reinstated.on_notice_reported(notice(9), DeliveryReport::Accepted, &terms(), day(6)).unwrap().next;
    assert_eq!(accepted.state.kind(), StateKind::GrantedInWindow, "the customer has time to decline");
}

/// claim-intake ignored the decline, because it knew only that all associations had ended.
#[test]
fn r26_r47_reinstated_lines_report_the_decline_again() {
    let declined = granted_in_window().decline(Channel::Link, "No.", day(4)).unwrap().unwrap().next;
    let reported = declined.on_lines_reinstated(day(3), notice(9), &terms(), day(6)).unwrap();
    let again = Event::CustomerDeclined {
        channel: Channel::Link,
        comment: "No.".into(),
        consent_request_number: 0,
        decline_time: Some(day(4)),
    };
    assert_eq!((reported.next.state, reported.events), (declined.state, vec![again]));
}

/// Returns the corrected claim, for which the customer is asked anew.
fn corrected_claim() -> ClaimSummary {
    ClaimSummary { consent_request_number: 1, ..edited_claim() }
}

#[test]
fn r29a_what_the_former_contact_did_does_not_count() {
    let by_link = |consent: &Consent| {
        let approval = Some(DecisionRecord { time: day(3), channel: Channel::Link });
        Consent { approval, ..consent.clone() }
    };
    let stopped = [
        window_open(),
        awaiting_confirmation(),
        by_link(&granted_awaiting()),
        by_link(&granted_in_window()),
        by_link(&granted()),
        granted(),
    ];
    for consent in stopped {
        let state = consent.state.kind();
        let corrected = consent
            .on_claim_edited(corrected_claim(), EditNotice::NewRequest, [notice(8), notice(9)], &terms(), day(4))
            .unwrap();
        assert_eq!(corrected.next.state.kind(), StateKind::AwaitingDelivery, "{state:?}");
        assert!(matches!(corrected.events[..], [Event::WindowStopped { delivery_due: Some(_) }, ..]), "{state:?}");
        let current: Vec<_> = corrected.next.notices.iter().filter(|notice| notice.is_current).collect();
        assert_eq!(current.iter().map(|notice| notice.id).collect::<Vec<_>>(), [notice(9)], "{state:?}");
        assert_eq!(corrected.next.approval, None, "{state:?}");
    }
}

#[test]
fn r29a_silence_of_the_former_contact_is_no_decline() {
    let needing_approval = Consent { declined_before_dispute: true, ..window_open() };
    let declined = needing_approval.apply_passed_deadline(day(30)).unwrap().transition.next;
    assert_eq!(declined.channel(), Some(Channel::Silence));
    let edit = |consent: &Consent| {
        consent.on_claim_edited(corrected_claim(), EditNotice::NewRequest, [notice(8), notice(9)], &terms(), day(30))
    };
    let corrected = edit(&declined).unwrap();
    assert_eq!(corrected.next.state.kind(), StateKind::AwaitingDelivery);
    assert!(corrected.next.needs_explicit_approval(), "silence of the new contact is a decline, too");
    let by_link = window_open().decline(Channel::Link, "No.", day(3)).unwrap().unwrap().next;
    assert_eq!(edit(&by_link).map(|kept| kept.next.state), Some(by_link.state), "a decline always counts");
}

#[test]
fn r29a_an_approval_of_the_tenant_is_reported_again() {
    let approved = awaiting().approve(Channel::SignedIn, day(3)).unwrap().unwrap().next;
    for (consent, is_open) in [(approved, false), (granted_in_window(), true)] {
        let corrected = consent
            .on_claim_edited(corrected_claim(), EditNotice::NewRequest, [notice(8), notice(9)], &terms(), day(4))
            .unwrap();
        let stopped = is_open.then_some(Event::WindowStopped { delivery_due: None });
        let approved = Event::CustomerApproved {
            channel: Channel::SignedIn,
            consent_request_number: 1,
            awaits_confirmation: false,
        };
        let expected = stopped.into_iter().chain([approved, Event::NoticeQueued { notice: notice(9) }]);
        assert_eq!(corrected.events, expected.collect::<Vec<_>>());
        assert_eq!(corrected.next.state, State::GrantedAwaitingDelivery { since: day(4) });
        assert_eq!(corrected.next.approval, consent.approval);
    }
}

#[test]
fn r29a_a_corrected_technical_contact_repeats_the_notice() {
    let again = |consent: &Consent| {
        consent.on_claim_edited(claim(), EditNotice::Repeat, [notice(8), notice(9)], &terms(), day(4)).unwrap()
    };
    let bounced = awaiting().on_notice_reported(notice(2), permanent_bounce(), &terms(), day(3)).unwrap().next;
    let repeated = again(&bounced);
    assert_eq!(repeated.events, [Event::NoticeQueued { notice: notice(9) }]);
    assert!(repeated.next.notices[0].is_current, "earlier links still approve");
    assert_eq!(repeated.next.state, bounced.state);
    assert_eq!(again(&awaiting()).events, [], "the notice is still queued");
    assert_eq!(again(&window_open()).next.state, window_open().state, "R44");
    assert_eq!(again(&granted()).events, [], "there is nothing to decide");
}
