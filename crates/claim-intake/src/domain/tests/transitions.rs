//! The rules of the transitions, one by one.
use super::story::*;
use crate::domain::*;
use cpor_durable::Aggregate as _;
use cpor_types::{ActorSide, FurtherRejection, PersonalData, PrimaryRejection};

#[test]
fn r17_an_update_changes_the_named_fields_only_and_records_them() {
    let life = Life::draft();
    let entered = Content { display_name: "new".into(), program: "ignored".into(), ..content() };
    let update = Update { fields: vec![Field::DisplayName], content: entered };
    let made = life.claim.update(&update, Some(&admitted()), &rules(), life.now).unwrap().unwrap();
    assert_eq!(made.next.content.display_name, "new");
    assert_eq!(made.next.content.program, "");
    let change = FieldChange { field: "display_name".into(), from: "Teams at Fabrikam".into(), to: "new".into() };
    assert_eq!(made.events[0].changes, [change]);
    assert_eq!(made.next.update(&update, Some(&admitted()), &rules(), life.now), Ok(None), "a repeat changes nothing");
}

#[test]
fn r17_lines_keep_their_ids_across_updates() {
    let life = Life::draft();
    let other = |n| cpor_types::LineId(uuid::Uuid::from_u128(n));
    let entered = Content {
        lines: vec![
            Line::entered(other(50), "intune".parse().unwrap(), String::new()),
            Line::entered(other(51), "teams".parse().unwrap(), String::new()),
        ],
        ..content()
    };
    let update = Update { fields: vec![Field::Lines], content: entered };
    let next = life.claim.update(&update, None, &rules(), life.now).unwrap().unwrap().next;
    assert_eq!(next.content.lines.iter().map(|line| line.id).collect::<Vec<_>>(), [other(50), line_id()]);
}

#[test]
fn r18_a_submission_fixes_tenant_case_policy_and_calendars() {
    let life = Life::submitted();
    let submission = life.claim.state.submission().unwrap();
    assert_eq!(submission.tenant.to_string(), TENANT);
    assert_eq!(submission.review_case, case());
    assert_eq!(submission.policy.name, "2021");
    assert_eq!((submission.partner_calendar.as_str(), submission.tenant_calendar.as_str()), ("de", "us-east"));
    assert_eq!(submission.submit_time, life.now);
    assert_eq!(life.last().what, What::Submitted);
}

#[test]
fn r18_facts_of_another_state_are_gathered_again() {
    let life = Life::complete();
    let refused = life.claim.submit(Submit { review_case: case() }, None, &rules(), life.now);
    assert_eq!(refused, Err(Refusal::FactsMissing));
}

#[test]
fn r14_ten_documents_per_submission_and_ten_more_per_response() {
    let full = |mut life: Life, from: u128, to: u128| {
        for n in from..to {
            life = life.step(|claim, now| claim.add_evidence(evidence(n), &rules(), now));
        }
        let refused = life.claim.add_evidence(evidence(99), &rules(), life.now);
        assert_eq!(refused, Err(Refusal::TooManyDocuments { limit: 10 }));
        life
    };
    let life = full(Life::draft(), 0, 10);
    let submit = Submit { review_case: case() };
    let life = life.step(|claim, now| claim.submit(submit, Some(&admitted()), &rules(), now));
    let asked = life.fact(&review(ReviewFact::Started("rita".into(), None))).fact(&request_action());
    assert_eq!(full(asked, 10, 20).claim.evidence.len(), 20);
}

#[test]
fn r14_a_removed_document_leaves_the_claim_and_stays_in_history() {
    let life = Life::complete().step(|claim, now| claim.remove_evidence(evidence(0).id, now));
    assert!(life.claim.evidence.is_empty());
    assert_eq!(life.last().what, What::EvidenceRemoved(evidence(0).id));
    assert!(life.last().changes[0].from.starts_with("proof.pdf"));
    assert_eq!(life.claim.remove_evidence(evidence(0).id, life.now), Err(Refusal::NotFound));
}

#[test]
fn r20_the_response_deadline_runs_from_the_request_by_the_locations_calendar() {
    let life = Life::under_review();
    // Asked on Thursday before Easter; Good Friday and Easter Monday are holidays in Germany.
    let asked = at("2026-04-02T10:00:00Z");
    let reported_late = at("2026-04-03T10:00:00Z");
    let next = life.claim.apply(&request_action(), asked, &rules(), reported_late).unwrap().next;
    let action = next.state.partner_action().unwrap();
    // Tuesday 7th to Monday 13th of April are the five business days; the end of that Monday in Berlin.
    assert_eq!(action.response.deadline.due, at("2026-04-13T22:00:00Z"));
    assert_eq!(action.request_time, asked);
    // The reminder of the last business day before, and the end.
    let ahead: Vec<_> = next.deadlines().into_iter().map(|deadline| (deadline.due, deadline.kind)).collect();
    let ends = [("2026-04-10T22:00:00Z", Rules::REMIND_RESPONSE), ("2026-04-13T22:00:00Z", Rules::PARTNER_RESPONSE)];
    assert_eq!(ahead, ends.map(|(due, kind)| (at(due), kind.into())));
}

#[test]
fn r21_a_resubmission_needs_something_new() {
    let life = Life::asked();
    let answer = |claim: &Claim, comment| claim.resubmit(Resubmit { comment }, Some(&admitted()), &rules(), life.now);
    assert_eq!(answer(&life.claim, None), Err(Refusal::NothingChanged));
    // A reviewer's comment is no answer.
    let theirs = life.clone().step(|claim, now| claim.comment(comment(ActorSide::Reviewer), now));
    assert_eq!(answer(&theirs.claim, None), Err(Refusal::NothingChanged));
    let own = life.clone().step(|claim, now| claim.comment(comment(ActorSide::Partner), now));
    let document = life.clone().step(|claim, now| claim.add_evidence(evidence(7), &rules(), now));
    for (claim, said) in [(&own.claim, None), (&document.claim, None), (&life.claim, Some(comment(ActorSide::Partner)))]
    {
        let made = answer(claim, said).unwrap();
        assert_eq!(made.next.state.kind(), StateKind::Submitted);
        let submission = made.next.state.submission().unwrap();
        assert_eq!(
            (submission.review_case, submission.reviewer.as_deref()),
            (case(), Some("rita")),
            "same case, same reviewer"
        );
        assert!(made.next.deadlines().is_empty());
    }
}

#[test]
fn r21_a_resubmission_passes_the_same_checks() {
    let life = Life::asked();
    let mut facts = admitted();
    facts.directory.violations.push(Fault::AlreadyClaimed.at("lines[0]"));
    let resubmit = Resubmit { comment: Some(comment(ActorSide::Partner)) };
    let refused = life.claim.resubmit(resubmit, Some(&facts), &rules(), life.now);
    assert_eq!(refused, Err(Refusal::Incomplete(vec![Fault::AlreadyClaimed.at("lines[0]")])));
}

#[test]
fn r22_no_answer_in_time_rejects_at_the_moment_it_was_due() {
    let life = Life::asked();
    let due = life.claim.state.partner_action().unwrap().response.deadline.due;
    let life = life.elapse(due - std::time::Duration::from_micros(1));
    assert_eq!(life.claim.state.kind(), StateKind::PartnerActionRequired, "earlier than due is in time");
    let elapsed = life.claim.elapse(due).unwrap();
    assert_eq!(elapsed.due, due);
    let State::Rejected(_, rejection) = &elapsed.transition.next.state else { panic!() };
    assert_eq!((rejection.primary, rejection.time), (PrimaryRejection::InsufficientPoe, due));
    assert_eq!(rejection.further, [FurtherRejection::NoPartnerResponse]);
    assert!(rejection.dispute_window().unwrap().due > due);
    assert!(elapsed.transition.next.elapse(due).is_none(), "never twice");
}

#[test]
fn r22_r47_however_late_the_clock_is_read_the_rejection_counts_from_its_due_time() {
    let life = Life::asked();
    let due = life.claim.state.partner_action().unwrap().response.deadline.due;
    let late = life.elapse(at("2027-01-01T00:00:00Z"));
    let State::Rejected(_, rejection) = &late.claim.state else { panic!() };
    assert_eq!(rejection.time, due);
}

#[test]
fn r23_approval_opens_the_way_to_the_customers_window() {
    let life = Life::approved();
    assert_eq!(life.claim.state.association(), Some(&Association::Pending));
    assert_eq!(life.last().what, What::Approved { official: false, explicit_approval_needed: false });
}

#[test]
fn r24_a_reviewers_rejection_is_insufficient_poe_and_disputable() {
    let further = vec![FurtherRejection::ProductsMissing];
    let rejected = review(ReviewFact::Rejected(further.clone(), Some(comment(ActorSide::Reviewer))));
    let life = Life::under_review().fact(&rejected);
    let State::Rejected(_, rejection) = &life.claim.state else { panic!() };
    assert_eq!((rejection.primary, &rejection.further), (PrimaryRejection::InsufficientPoe, &further));
    assert_eq!((rejection.comment.as_str(), rejection.time), ("words", life.now));
    assert!(rejection.dispute_window().is_some());
    assert_eq!(life.last().comment.as_ref().unwrap().side, ActorSide::Reviewer);
}

#[test]
fn r25_a_withdrawal_is_final_and_closes_everywhere() {
    let life = Life::official().step(|claim, now| claim.withdraw(withdraw(), now));
    let State::Rejected(submission, rejection) = &life.claim.state else { panic!() };
    assert_eq!(rejection.primary, PrimaryRejection::PartnerRequest);
    assert_eq!(rejection.remedy, Remedy::Final(Finality::PartnerRequest));
    assert_eq!(rejection.ended, Some(Association::Official { since: start() }));
    let closing = Closing {
        by: ClosedBy::Partner,
        primary: PrimaryRejection::PartnerRequest,
        tenant: submission.tenant,
        review_case: case(),
        dispute_due: None,
    };
    assert_eq!(life.last().what, What::Closed(closing));
    assert!(
        life.last()
            .changes
            .iter()
            .any(|change| (change.field.as_str(), &*change.to) == ("withdraw_reason", "wrong_mpn_id"))
    );
}

#[test]
fn r26_the_customer_declines_in_every_state_from_submitted_to_approved() {
    for life in [Life::submitted(), Life::under_review(), Life::asked(), Life::approved(), Life::official()] {
        let life = life.fact(&declined());
        let State::Rejected(_, rejection) = &life.claim.state else { panic!() };
        assert_eq!(rejection.primary, PrimaryRejection::CustomerDeclined);
        assert_eq!(life.last().reason, "no");
        let kinds: Vec<_> = life.claim.deadlines().into_iter().map(|deadline| deadline.kind).collect();
        assert_eq!(kinds, [Rules::REMIND_DISPUTE, Rules::DISPUTE_WINDOW], "the dispute window alone");
    }
}

#[test]
fn r26_a_decline_beats_an_explicit_approval() {
    let life = Life::submitted().fact(&customer_approved()).fact(&declined());
    assert_eq!(life.claim.state.kind(), StateKind::Rejected);
}

#[test]
fn r26a_an_approval_before_ours_makes_the_association_official_with_ours() {
    let life = Life::submitted().fact(&customer_approved()).fact(&review(ReviewFact::Started("rita".into(), None)));
    let life = life.fact(&review(ReviewFact::Approved(None)));
    assert_eq!(life.claim.state.association(), Some(&Association::Granted { since: life.now }));
    let last: Vec<_> = life.events.iter().rev().take(2).map(|event| event.what.clone()).collect();
    let tenant = TENANT.parse().unwrap();
    assert_eq!(last, [What::Granted { tenant }, What::Approved { official: true, explicit_approval_needed: false }]);
}

#[test]
fn r26a_an_approval_after_ours_grants_at_once_and_a_repeat_changes_nothing() {
    let life = Life::approved().fact(&customer_approved());
    let granted = Association::Granted { since: life.now };
    assert_eq!(life.claim.state.association(), Some(&granted));
    let again = life.fact(&customer_approved());
    assert!(again.last().what.is_overtaken());
    assert_eq!(again.claim.state.association(), Some(&granted));
}

#[test]
fn r27_the_window_passes_the_registry_confirms_and_the_association_is_official() {
    let opened = Fact::Consent(ConsentFact::WindowOpened { due: at("2026-03-20T00:00:00Z"), rule: "r".into() });
    let life = Life::approved().fact(&opened);
    assert_eq!(life.claim.state.association(), Some(&Association::Pending));
    assert_eq!(life.claim.state.submission().unwrap().consent_due, Some(at("2026-03-20T00:00:00Z")));
    let life = life.fact(&Fact::Consent(ConsentFact::WindowPassed));
    assert_eq!(life.last().what, What::Granted { tenant: TENANT.parse().unwrap() });
    let life = life.fact(&Fact::AssociationOfficial { since: start() });
    assert_eq!(life.claim.state.association().unwrap().official_time(), Some(start()));
    let before = life.claim.state.clone();
    let late = life.fact(&opened);
    assert_eq!(late.claim.state, before, "a window that opens after an early approval is history");
    assert_eq!(late.last().what, What::Reported(FactKind::ConsentWindowOpened));
}

#[test]
fn r41_r61_a_window_that_opens_before_the_approval_is_shown_from_then_on() {
    let due = at("2026-03-13T23:00:00Z");
    let opened = Fact::Consent(ConsentFact::WindowOpened { due, rule: "5 business days".into() });
    let life = Life::submitted().fact(&opened).approved_by_reviewer();
    assert_eq!(life.claim.state.submission().unwrap().consent_due, Some(due));
    let disputed = Life::submitted().fact(&opened).rejected_by_reviewer().disputed_again();
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
    let life =
        Life::official().fact(&assessed(Verdict::NotEligible, "2026-04")).fact(&assessed(Verdict::Eligible, "2026-05"));
    let kept = &life.claim.content.lines[0].assessments;
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].verdict, kept[0].month.to_string()), (Verdict::Eligible, "2026-05".into()));
    assert_eq!(life.last().changes[0].from, "not_eligible");
}

#[test]
fn states_read_back_as_they_were_stored() {
    for kind in StateKind::ALL {
        let state = Life::in_state(*kind).claim.state;
        let stored = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&stored).unwrap(), state);
    }
}

#[test]
fn r56_what_was_so_before_an_erasure_and_is_told_later_is_not_kept() {
    let life = Life::withdrawn().step(|claim, now| claim.erase(&erase(), now).map(Option::unwrap));
    let (erased, later) = (life.now, life.now + hour());
    let late = |time| {
        let told = life.claim.apply(&declined(), time, &rules(), later).unwrap();
        told.events.iter().map(|event| event.late.clone()).collect::<Vec<_>>()
    };
    assert_eq!(late(erased), [PersonalData::ALL]);
    assert_eq!(late(later), [[]]);
    assert_eq!(Life::withdrawn().fact(&declined()).last().late, [], "nothing was erased");
}
