//! The rules of the transitions, one by one.
use super::fixtures::*;
use crate::domain::*;
use cpor_durable::Aggregate as _;
use cpor_types::{ActorSide, FurtherRejectionReason, PersonalData, PrimaryRejectionReason};
use std::collections::BTreeMap;

#[test]
fn r17_an_update_changes_only_the_named_fields() {
    let test = TestClaim::draft();
    let entered = Content { display_name: "new".into(), program: "ignored".into(), ..content() };
    let update = Update { fields: vec![Field::DisplayName], content: entered };
    let transition = test.claim.update(&update, Some(&admitted()), &rules(), test.now).unwrap().unwrap();
    assert_eq!(transition.next.content.display_name, "new");
    assert_eq!(transition.next.content.program, "");
    let change = FieldChange { field: "display_name".into(), from: "Teams at Fabrikam".into(), to: "new".into() };
    assert_eq!(transition.events[0].changes, [change]);
    assert_eq!(
        transition.next.update(&update, Some(&admitted()), &rules(), test.now),
        Ok(None),
        "a repeat changes nothing"
    );
}

#[test]
fn r17_lines_keep_their_ids_across_updates() {
    let test = TestClaim::draft();
    let other = |n| cpor_types::LineId(uuid::Uuid::from_u128(n));
    let entered = Content {
        lines: vec![
            Line::new(other(50), "intune".parse().unwrap(), String::new()),
            Line::new(other(51), "teams".parse().unwrap(), String::new()),
        ],
        ..content()
    };
    let update = Update { fields: vec![Field::Lines], content: entered };
    let next = test.claim.update(&update, None, &rules(), test.now).unwrap().unwrap().next;
    assert_eq!(next.content.lines.iter().map(|line| line.id).collect::<Vec<_>>(), [other(50), line_id()]);
}

#[test]
fn r18_a_submission_fixes_tenant_policy_calendars() {
    let test = TestClaim::submitted();
    let submission = test.claim.state.submission().unwrap();
    assert_eq!(submission.tenant.to_string(), TENANT);
    assert_eq!(submission.review_case, case());
    assert_eq!(submission.policy.name, "2021");
    assert_eq!((submission.partner_calendar.as_str(), submission.tenant_calendar.as_str()), ("de", "us-east"));
    assert_eq!(submission.submit_time, test.now);
    assert_eq!(test.last().kind, EventKind::Submitted);
}

#[test]
fn r18_facts_of_another_state_are_gathered_again() {
    let test = TestClaim::complete();
    let refused =
        test.claim.submit(Submit { review_case: case(), by_incentives_admin: true }, None, &rules(), test.now);
    assert_eq!(refused, Err(Refusal::ConcurrentChange));
}

#[test]
fn r14_ten_documents_per_submission_and_response() {
    let full = |mut test: TestClaim, from: u128, to: u128| {
        for n in from..to {
            test = test.step(|claim, now| claim.add_evidence(evidence(n), &rules(), now));
        }
        let refused = test.claim.add_evidence(evidence(99), &rules(), test.now);
        assert_eq!(refused, Err(Refusal::TooManyDocuments { limit: 10 }));
        test
    };
    let test = full(TestClaim::draft(), 0, 10);
    let submit = Submit { review_case: case(), by_incentives_admin: true };
    let test = test.step(|claim, now| claim.submit(submit, Some(&admitted()), &rules(), now));
    let asked = test.fact(&review(ReviewFact::Started("rita".into(), None))).fact(&request_action());
    assert_eq!(full(asked, 10, 20).claim.evidence.len(), 20);
}

#[test]
fn r14_a_removed_document_stays_in_history() {
    let test = TestClaim::complete().step(|claim, now| claim.remove_evidence(evidence(0).id, now));
    assert!(test.claim.evidence.is_empty());
    assert_eq!(test.last().kind, EventKind::EvidenceRemoved(evidence(0).id));
    assert!(test.last().changes[0].from.starts_with("proof.pdf"));
    assert_eq!(test.claim.remove_evidence(evidence(0).id, test.now), Err(Refusal::NotFound));
}

#[test]
fn r20_the_response_deadline_uses_the_location_calendar() {
    let test = TestClaim::under_review();
    // The request is made on the Thursday before Easter. Good Friday and Easter Monday are holidays
    // in Germany.
    let asked = at("2026-04-02T10:00:00Z");
    let reported_late = at("2026-04-03T10:00:00Z");
    let next = test.claim.apply(&request_action(), asked, &rules(), reported_late).unwrap().next;
    let action = next.state.partner_action().unwrap();
    // Tuesday 7 April to Monday 13 April are the five business days; the deadline is the end of
    // that Monday in Berlin.
    assert_eq!(action.response.deadline.due, at("2026-04-13T22:00:00Z"));
    assert_eq!(action.request_time, asked);
    // The reminder one business day earlier, and the deadline.
    let ahead: Vec<_> = next.deadlines().into_iter().map(|deadline| (deadline.due, deadline.kind)).collect();
    let ends = [("2026-04-10T22:00:00Z", Rules::RESPONSE_REMINDER), ("2026-04-13T22:00:00Z", Rules::PARTNER_RESPONSE)];
    assert_eq!(ahead, ends.map(|(due, kind)| (at(due), kind.into())));
}

#[test]
fn r21_a_resubmission_needs_something_new() {
    let test = TestClaim::asked();
    let answer = |claim: &Claim, comment| claim.resubmit(Resubmit { comment }, Some(&admitted()), &rules(), test.now);
    assert_eq!(answer(&test.claim, None), Err(Refusal::NothingChanged));
    // A reviewer's comment is not an answer.
    let with_reviewer_comment = test.clone().step(|claim, now| claim.comment(comment(ActorSide::Reviewer), now));
    assert_eq!(answer(&with_reviewer_comment.claim, None), Err(Refusal::NothingChanged));
    let own = test.clone().step(|claim, now| claim.comment(comment(ActorSide::Partner), now));
    let document = test.clone().step(|claim, now| claim.add_evidence(evidence(7), &rules(), now));
    for (claim, comment) in
        [(&own.claim, None), (&document.claim, None), (&test.claim, Some(comment(ActorSide::Partner)))]
    {
        let transition = answer(claim, comment).unwrap();
        assert_eq!(transition.next.state.kind(), ClaimStateKind::Submitted);
        let submission = transition.next.state.submission().unwrap();
        assert_eq!(
            (submission.review_case, submission.reviewer.as_deref()),
            (case(), Some("rita")),
            "same case, same reviewer"
        );
        assert!(transition.next.deadlines().is_empty());
    }
}

#[test]
fn r21_a_resubmission_passes_the_same_checks() {
    let test = TestClaim::asked();
    let mut facts = admitted();
    facts.claim.violations.push(ViolationReason::AlreadyClaimed.violation("lines[0]"));
    let resubmit = Resubmit { comment: Some(comment(ActorSide::Partner)) };
    let refused = test.claim.resubmit(resubmit, Some(&facts), &rules(), test.now);
    assert_eq!(refused, Err(Refusal::Incomplete(vec![ViolationReason::AlreadyClaimed.violation("lines[0]")])));
}

#[test]
fn r22_a_missing_answer_rejects_at_the_due_time() {
    let test = TestClaim::asked();
    let due = test.claim.state.partner_action().unwrap().response.deadline.due;
    let test = test.apply_passed_deadline(due - std::time::Duration::from_micros(1));
    assert_eq!(test.claim.state.kind(), ClaimStateKind::PartnerActionRequired, "earlier than due is in time");
    let elapsed = test.claim.apply_passed_deadline(due).unwrap();
    assert_eq!(elapsed.due, due);
    let State::Rejected(_, rejection) = &elapsed.transition.next.state else { panic!() };
    assert_eq!((rejection.primary_reason, rejection.time), (PrimaryRejectionReason::InsufficientPoe, due));
    assert_eq!(rejection.further_reasons, [FurtherRejectionReason::NoPartnerResponse]);
    assert!(rejection.dispute_window().unwrap().due > due);
    assert!(elapsed.transition.next.apply_passed_deadline(due).is_none(), "never twice");
}

#[test]
fn r22_r47_late_processing_rejects_at_the_due_time() {
    let test = TestClaim::asked();
    let due = test.claim.state.partner_action().unwrap().response.deadline.due;
    let late = test.apply_passed_deadline(at("2027-01-01T00:00:00Z"));
    let State::Rejected(_, rejection) = &late.claim.state else { panic!() };
    assert_eq!(rejection.time, due);
}

#[test]
fn r23_approval_opens_the_way_to_the_customers_window() {
    let test = TestClaim::approved();
    assert_eq!(test.claim.state.association(), Some(&Association::Pending));
    assert_eq!(test.last().kind, EventKind::Approved { customer_approved: false, explicit_approval_needed: false });
}

#[test]
fn r24_a_reviewers_rejection_is_disputable() {
    let further = vec![FurtherRejectionReason::ProductsMissing];
    let rejected = review(ReviewFact::Rejected(further.clone(), Some(comment(ActorSide::Reviewer))));
    let test = TestClaim::under_review().fact(&rejected);
    let State::Rejected(_, rejection) = &test.claim.state else { panic!() };
    assert_eq!(
        (rejection.primary_reason, &rejection.further_reasons),
        (PrimaryRejectionReason::InsufficientPoe, &further)
    );
    assert_eq!((rejection.comment.as_str(), rejection.time), ("words", test.now));
    assert!(rejection.dispute_window().is_some());
    assert_eq!(test.last().comment.as_ref().unwrap().side, ActorSide::Reviewer);
}

#[test]
fn r25_a_withdrawal_is_final_and_closes_everywhere() {
    let test = TestClaim::official().step(|claim, now| claim.withdraw(withdraw(), now));
    let State::Rejected(submission, rejection) = &test.claim.state else { panic!() };
    assert_eq!(rejection.primary_reason, PrimaryRejectionReason::PartnerRequest);
    assert_eq!(rejection.remedy, Remedy::NotDisputable(NotDisputableReason::PartnerRequest));
    assert_eq!(rejection.ended_association, Some(Association::Official { since: start() }));
    let closing = ClaimClosure {
        cause: ClosureCause::Partner,
        primary_reason: PrimaryRejectionReason::PartnerRequest,
        tenant: submission.tenant,
        review_case: case(),
        dispute_due: None,
    };
    assert_eq!(test.last().kind, EventKind::Closed(closing));
    assert!(
        test.last()
            .changes
            .iter()
            .any(|change| (change.field.as_str(), &*change.to) == ("withdraw_reason", "wrong_mpn_id"))
    );
}

#[test]
fn r26_a_decline_rejects_in_every_open_state() {
    for test in [
        TestClaim::submitted(),
        TestClaim::under_review(),
        TestClaim::asked(),
        TestClaim::approved(),
        TestClaim::official(),
    ] {
        let test = test.fact(&declined());
        let State::Rejected(_, rejection) = &test.claim.state else { panic!() };
        assert_eq!(rejection.primary_reason, PrimaryRejectionReason::CustomerDeclined);
        assert_eq!(test.last().reason, "no");
        let kinds: Vec<_> = test.claim.deadlines().into_iter().map(|deadline| deadline.kind).collect();
        assert_eq!(kinds, [Rules::DISPUTE_REMINDER, Rules::DISPUTE_WINDOW], "the dispute window alone");
    }
}

#[test]
fn r26_a_decline_beats_an_explicit_approval() {
    let test = TestClaim::submitted().fact(&customer_approved()).fact(&declined());
    assert_eq!(test.claim.state.kind(), ClaimStateKind::Rejected);
}

#[test]
fn r26a_an_early_approval_grants_at_claim_approval() {
    let test =
        TestClaim::submitted().fact(&customer_approved()).fact(&review(ReviewFact::Started("rita".into(), None)));
    let test = test.fact(&review(ReviewFact::Approved(None)));
    assert_eq!(test.claim.state.association(), Some(&Association::Granted { since: test.now }));
    let last: Vec<_> = test.events.iter().rev().take(2).map(|event| event.kind.clone()).collect();
    let tenant = TENANT.parse().unwrap();
    assert_eq!(
        last,
        [
            EventKind::Granted { tenant },
            EventKind::Approved { customer_approved: true, explicit_approval_needed: false }
        ]
    );
}

#[test]
fn r26a_a_later_approval_grants_at_once() {
    let test = TestClaim::approved().fact(&customer_approved());
    let granted = Association::Granted { since: test.now };
    assert_eq!(test.claim.state.association(), Some(&granted));
    let again = test.fact(&customer_approved());
    assert!(again.last().kind.is_overtaken());
    assert_eq!(again.claim.state.association(), Some(&granted));
}

#[test]
fn r27_window_passes_and_registry_confirms() {
    let opened = Fact::Consent(ConsentFact::WindowOpened { due: at("2026-03-20T00:00:00Z"), rule: "r".into() });
    let test = TestClaim::approved().fact(&opened);
    assert_eq!(test.claim.state.association(), Some(&Association::Pending));
    assert_eq!(test.claim.state.submission().unwrap().consent_due, Some(at("2026-03-20T00:00:00Z")));
    let test =
        test.fact(&Fact::Consent(ConsentFact::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }));
    assert_eq!(test.last().kind, EventKind::Granted { tenant: TENANT.parse().unwrap() });
    let test =
        test.fact(&Fact::AssociationOfficial { since: start(), associations: BTreeMap::new(), ends: BTreeMap::new() });
    assert_eq!(test.claim.state.association().unwrap().official_time(), Some(start()));
    let before = test.claim.state.clone();
    let late = test.fact(&opened);
    assert_eq!(late.claim.state, before, "a window that opens after an early approval is history");
    assert_eq!(late.last().kind, EventKind::FactApplied(FactKind::ConsentWindowOpened));
}

#[test]
fn r41_r61_a_window_can_open_before_the_approval() {
    let due = at("2026-03-13T23:00:00Z");
    let opened = Fact::Consent(ConsentFact::WindowOpened { due, rule: "5 business days".into() });
    let test = TestClaim::submitted().fact(&opened).approved_by_reviewer();
    assert_eq!(test.claim.state.submission().unwrap().consent_due, Some(due));
    let disputed = TestClaim::submitted().fact(&opened).rejected_by_reviewer().disputed_again();
    assert_eq!(disputed.claim.state.submission().unwrap().consent_due, None, "a dispute asks the customer anew");
}

#[test]
fn r52_the_last_assessment_of_a_line_is_kept() {
    let assessed = |verdict, month: &str| Fact::Assessed {
        month: month.parse().unwrap(),
        verdicts: vec![LineVerdict {
            line: line_id(),
            activity: cpor_types::Activity::Usage,
            verdict,
            failed_conditions: Vec::new(),
        }],
    };
    let test = TestClaim::official()
        .fact(&assessed(Verdict::NotEligible, "2026-04"))
        .fact(&assessed(Verdict::Eligible, "2026-05"));
    let kept = &test.claim.content.lines[0].assessments;
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].verdict, kept[0].month.to_string()), (Verdict::Eligible, "2026-05".into()));
    assert_eq!(test.last().changes[0].from, "not_eligible");
}

#[test]
fn states_read_back_as_they_were_stored() {
    for kind in ClaimStateKind::ALL {
        let state = TestClaim::in_state(*kind).claim.state;
        let stored = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&stored).unwrap(), state);
    }
}

#[test]
fn r56_late_reports_of_erased_data_are_not_kept() {
    let test = TestClaim::withdrawn().step(|claim, now| claim.erase(&erase(), now).map(Option::unwrap));
    let (erased, later) = (test.now, test.now + hour());
    let late = |time| {
        let transition = test.claim.apply(&declined(), time, &rules(), later).unwrap();
        transition.events.iter().map(|event| event.already_erased.clone()).collect::<Vec<_>>()
    };
    assert_eq!(late(erased), [PersonalData::ALL]);
    assert_eq!(late(later), [[]]);
    assert_eq!(TestClaim::withdrawn().fact(&declined()).last().already_erased, [], "nothing was erased");
}
