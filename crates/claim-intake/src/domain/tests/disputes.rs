//! Disputes (R28, R33): when a rejection can be disputed, what the dispute opens, and whether
//! earlier decisions of the customer still count.
use super::fixtures::*;
use crate::domain::*;
use cpor_durable::{Aggregate as _, Transition};
use cpor_types::{ActorSide, PrimaryRejectionReason, Timestamp};
use std::time::Duration;

fn try_dispute(claim: &Claim, justification: Option<Comment>, now: Timestamp) -> Result<Transition<Claim>, Refusal> {
    let dispute = Dispute { review_case: second_case(), justification };
    claim.dispute(dispute, Some(&admitted()), &rules(), now)
}

fn justification() -> Option<Comment> {
    Some(comment(ActorSide::Partner))
}

fn rejection(claim: &Claim) -> &Rejection {
    claim.state.rejection().unwrap()
}

#[test]
fn r28_a_dispute_opens_a_case_and_revives_lines() {
    let rejected = TestClaim::rejected();
    assert_eq!(rejected.claim.live_lines().count(), 0);
    let test = rejected.disputed_again();
    let submission = test.claim.state.submission().unwrap();
    assert_eq!((submission.review_case, submission.reviewer.as_deref()), (second_case(), None));
    assert_eq!((submission.disputes, submission.disputes_left()), (1, None));
    assert_eq!(test.claim.live_lines().count(), 1);
    let disputed = EventKind::Disputed { previous_case: case(), justification: "words".into() };
    assert_eq!(
        (&test.last().kind, test.last().comment.as_ref().map(|comment| comment.side)),
        (&disputed, Some(ActorSide::Partner))
    );
    assert!(test.claim.deadlines().is_empty());
}

#[test]
fn r28_a_dispute_needs_justification_or_new_evidence() {
    let test = TestClaim::rejected();
    assert_eq!(try_dispute(&test.claim, None, test.now), Err(Refusal::DisputeUnfounded));
    assert!(try_dispute(&test.claim, justification(), test.now).is_ok());
    let test = test.step(|claim, now| claim.add_evidence(evidence(7), &rules(), now));
    assert!(try_dispute(&test.claim, None, test.now).is_ok());
}

#[test]
fn r14_r28_the_policy_limits_documents_of_a_dispute() {
    let mut test = TestClaim::rejected();
    for n in 10..20 {
        test = test.step(|claim, now| claim.add_evidence(evidence(n), &rules(), now));
    }
    let refused = test.claim.add_evidence(evidence(99), &rules(), test.now);
    assert_eq!(refused, Err(Refusal::TooManyDocuments { limit: 10 }));
}

#[test]
fn r28_r33_a_dispute_is_refused_when_the_window_has_passed() {
    let test = TestClaim::rejected();
    let due = rejection(&test.claim).dispute_window().unwrap().due;
    let test = test.apply_passed_deadline(due - Duration::from_micros(1));
    assert!(rejection(&test.claim).dispute_window().is_some(), "earlier than due is in time");
    let late = test.apply_passed_deadline(due);
    assert_eq!(rejection(&late.claim).remedy, Remedy::WindowPassed(due));
    assert_eq!(late.last().kind, EventKind::FactApplied(FactKind::DisputeWindowPassed));
    let refusal = try_dispute(&late.claim, justification(), due).unwrap_err();
    assert_eq!(refusal, Refusal::DisputeWindowPassed { due });
    assert!(refusal.to_string().contains("only a new claim with updated proof of execution helps"), "{refusal}");
    assert!(late.claim.apply_passed_deadline(due).is_none(), "never twice");
    assert!(!late.claim.allows(Command::AddEvidence) && !late.claim.allows(Command::Dispute));
}

#[test]
fn r28_what_was_withdrawn_is_not_disputed() {
    let test = TestClaim::withdrawn();
    let refused = try_dispute(&test.claim, justification(), test.now);
    assert_eq!(refused, Err(Refusal::DisputeNotAllowed(NotDisputableReason::PartnerRequest)));
    assert_eq!(test.claim.allowed_commands(Party::Partner), [Command::Comment]);
}

#[test]
fn r28_r61_disputes_are_counted_where_the_policy_counts_them() {
    let rules = rules_of("2023@1");
    let test = TestClaim::submitted_under(&rules);
    assert_eq!(test.claim.state.submission().unwrap().disputes_left(), Some(1));
    let started = test.step(|claim, now| claim.apply(&review(ReviewFact::Started("r".into(), None)), now, &rules, now));
    let reject = |case| Fact::Review { case, fact: ReviewFact::Rejected(Vec::new(), None) };
    let test = started.step(|claim, now| claim.apply(&reject(case()), now, &rules, now));
    let test = test.step(|claim, now| claim.dispute(dispute(), Some(&admitted()), &rules, now));
    let test = test.step(|claim, now| claim.apply(&reject(second_case()), now, &rules, now));
    assert_eq!(rejection(&test.claim).remedy, Remedy::NotDisputable(NotDisputableReason::NoDisputeLeft));
    let refused = test.claim.dispute(dispute(), Some(&admitted()), &rules, test.now);
    assert_eq!(refused, Err(Refusal::DisputeNotAllowed(NotDisputableReason::NoDisputeLeft)));
}

#[test]
fn r28_a_dispute_passes_the_same_checks_as_a_submission() {
    let test = TestClaim::rejected();
    let mut facts = admitted();
    facts.claim.violations.push(ViolationReason::AlreadyClaimed.violation("lines[0]"));
    let refused = test.claim.dispute(dispute(), Some(&facts), &rules(), test.now);
    assert_eq!(refused, Err(Refusal::Incomplete(vec![ViolationReason::AlreadyClaimed.violation("lines[0]")])));
}

#[test]
fn r28_facts_of_the_closed_case_are_overtaken() {
    let test = TestClaim::disputed().fact(&review(ReviewFact::Started("rita".into(), None)));
    assert!(test.last().kind.is_overtaken());
    let test = test.started();
    assert_eq!(test.claim.state.kind(), ClaimStateKind::Disputed, "a disputed claim stays so while it is reviewed");
    assert_eq!(test.claim.state.submission().unwrap().reviewer.as_deref(), Some("rita"));
    assert_eq!(test.approved_by_reviewer().claim.state.kind(), ClaimStateKind::Approved);
}

#[test]
fn r21_resubmission_in_a_dispute_returns_to_disputed() {
    let test = TestClaim::disputed().started().fact(&request_action_in(second_case()));
    assert_eq!(test.claim.state.kind(), ClaimStateKind::PartnerActionRequired);
    let resubmit = || Resubmit { comment: justification() };
    let test = test.step(|claim, now| claim.resubmit(resubmit(), Some(&admitted()), &rules(), now));
    assert_eq!(test.claim.state.kind(), ClaimStateKind::Disputed);
    assert_eq!(test.claim.state.submission().unwrap().review_case, second_case());
}

#[test]
fn r28_who_declined_before_has_to_approve_explicitly() {
    let test = TestClaim::submitted().fact(&declined()).disputed_again().approved_by_reviewer();
    assert_eq!(test.last().kind, EventKind::Approved { customer_approved: false, explicit_approval_needed: true });
    let passed = ConsentFact::WindowPassed { awaits_confirmation: false, consent_request_number: 1 };
    let passed = test.clone().fact(&Fact::Consent(passed));
    assert!(passed.last().kind.is_overtaken(), "silence is no approval");
    let approved = test.clone().fact(&of_present_case(customer_approved(), &test.claim));
    assert_eq!(approved.claim.state.association(), Some(&Association::Granted { since: approved.now }));
    let outdated = test.clone().fact(&silent());
    assert!(outdated.last().kind.is_overtaken(), "the customer did not leave this request unanswered");
    let silent = test.clone().fact(&of_present_case(silent(), &test.claim));
    assert_eq!(rejection(&silent.claim).primary_reason, PrimaryRejectionReason::CustomerDeclined);
    assert_eq!(rejection(&silent.claim).remedy, Remedy::NotDisputable(NotDisputableReason::NoExplicitApproval));
}

#[test]
fn r28_who_approves_while_it_is_disputed_has_approved() {
    let test = TestClaim::submitted().fact(&declined()).disputed_again();
    let test = test.clone().fact(&of_present_case(customer_approved(), &test.claim)).approved_by_reviewer();
    let last_two: Vec<_> = test.events.iter().rev().take(2).map(|event| event.kind.clone()).collect();
    assert_eq!(last_two[1], EventKind::Approved { customer_approved: true, explicit_approval_needed: false });
}

#[test]
fn r28_a_decline_after_rejection_counts() {
    let test = TestClaim::submitted().fact(&customer_approved()).rejected_by_reviewer().fact(&declined());
    assert_eq!(test.last().kind, EventKind::FactApplied(FactKind::CustomerDeclined));
    assert_eq!(rejection(&test.claim).primary_reason, PrimaryRejectionReason::InsufficientPoe);
    assert!(test.clone().fact(&declined()).last().kind.is_overtaken(), "a repeat changes nothing");
    let test = test.disputed_again().approved_by_reviewer();
    assert_eq!(test.last().kind, EventKind::Approved { customer_approved: false, explicit_approval_needed: true });
    let withdrawn = TestClaim::withdrawn().fact(&declined());
    assert!(withdrawn.last().kind.is_overtaken(), "what is final is not declined");
}

#[test]
fn r28_an_approval_before_a_dispute_still_counts() {
    let test = TestClaim::submitted().fact(&customer_approved()).rejected_by_reviewer().disputed_again();
    let test = test.approved_by_reviewer();
    assert_eq!(test.claim.state.association(), Some(&Association::Granted { since: test.now }));
}

#[test]
fn r28_a_late_approval_of_an_earlier_round_lapses() {
    let test = TestClaim::rejected().disputed_again().fact(&customer_approved());
    assert!(test.last().kind.is_overtaken(), "the customer's service has dropped it");
}

#[test]
fn r28_a_decline_after_an_approval_counts_again() {
    let test = TestClaim::submitted().fact(&declined()).disputed_again();
    let test = test.clone().fact(&of_present_case(customer_approved(), &test.claim)).rejected_by_reviewer();
    assert!(test.claim.customer_can_decline(test.now));
    let test = test.fact(&declined());
    assert!(!test.last().kind.is_overtaken());
    assert!(test.claim.state.submission().unwrap().needs_explicit_approval());
}

/// customer-consent reports a decline again when lines are reinstated (R47).
#[test]
fn r28_a_decline_reported_again_counts_once() {
    let test = TestClaim::submitted().fact(&declined());
    let decline_time = test.now;
    let test = test.disputed_again();
    let again = test.claim.apply(&declined(), decline_time, &rules(), test.now).unwrap();
    assert!(again.events.iter().all(|event| event.kind.is_overtaken()), "it was disputed since");
    assert_eq!(again.next.state.kind(), ClaimStateKind::Disputed);
    assert_eq!(test.fact(&declined()).claim.state.kind(), ClaimStateKind::Rejected, "another decline counts");
}

#[test]
fn r28_silence_without_a_request_number_counts() {
    let test = TestClaim::submitted().fact(&declined()).disputed_again().approved_by_reviewer();
    let silent = ConsentFact::Declined {
        channel: ConsentFact::SILENCE.into(),
        comment: String::new(),
        consent_request_number: None,
    };
    let test = test.fact(&Fact::Consent(silent));
    assert_eq!(rejection(&test.claim).remedy, Remedy::NotDisputable(NotDisputableReason::NoExplicitApproval));
}
