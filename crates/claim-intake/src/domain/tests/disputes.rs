//! Disputes (R28, R33): when there can be one, what it opens, and what becomes of the customer's earlier answer.
use super::story::*;
use crate::domain::*;
use cpor_durable::{Aggregate as _, Transition};
use cpor_types::{ActorSide, PrimaryRejection, Timestamp};
use std::time::Duration;

fn try_dispute(claim: &Claim, justification: Option<Comment>, now: Timestamp) -> Result<Transition<Claim>, Refusal> {
    let dispute = Dispute { review_case: second_case(), justification };
    claim.dispute(dispute, Some(&admitted()), &rules(), now)
}

fn words() -> Option<Comment> {
    Some(comment(ActorSide::Partner))
}

fn rejection(claim: &Claim) -> &Rejection {
    claim.state.rejection().unwrap()
}

#[test]
fn r28_a_dispute_opens_a_new_case_that_nobody_has_and_its_lines_are_live_again() {
    let rejected = Life::rejected();
    assert_eq!(rejected.claim.live_lines().count(), 0);
    let life = rejected.disputed_again();
    let submission = life.claim.state.submission().unwrap();
    assert_eq!((submission.review_case, submission.reviewer.as_deref()), (second_case(), None));
    assert_eq!((submission.disputes, submission.disputes_left()), (1, None));
    assert_eq!(life.claim.live_lines().count(), 1);
    let disputed = What::Disputed { previous_case: case(), justification: "words".into() };
    assert_eq!(
        (&life.last().what, life.last().comment.as_ref().map(|said| said.side)),
        (&disputed, Some(ActorSide::Partner))
    );
    assert!(life.claim.deadlines().is_empty());
}

#[test]
fn r28_a_dispute_needs_a_justification_or_evidence_since_the_rejection() {
    let life = Life::rejected();
    assert_eq!(try_dispute(&life.claim, None, life.now), Err(Refusal::DisputeUnfounded));
    assert!(try_dispute(&life.claim, words(), life.now).is_ok());
    let life = life.step(|claim, now| claim.add_evidence(evidence(7), &rules(), now));
    assert!(try_dispute(&life.claim, None, life.now).is_ok());
}

#[test]
fn r14_r28_a_dispute_takes_as_many_documents_as_the_policy_says() {
    let mut life = Life::rejected();
    for n in 10..20 {
        life = life.step(|claim, now| claim.add_evidence(evidence(n), &rules(), now));
    }
    let refused = life.claim.add_evidence(evidence(99), &rules(), life.now);
    assert_eq!(refused, Err(Refusal::TooManyDocuments { limit: 10 }));
}

#[test]
fn r28_r33_a_dispute_is_refused_when_the_window_has_passed() {
    let life = Life::rejected();
    let due = rejection(&life.claim).dispute_window().unwrap().due;
    let life = life.elapse(due - Duration::from_micros(1));
    assert!(rejection(&life.claim).dispute_window().is_some(), "earlier than due is in time");
    let late = life.elapse(due);
    assert_eq!(rejection(&late.claim).remedy, Remedy::Missed(due));
    assert_eq!(late.last().what, What::Reported(FactKind::DisputeWindowPassed));
    let refusal = try_dispute(&late.claim, words(), due).unwrap_err();
    assert_eq!(refusal, Refusal::DisputeWindowPassed { due });
    assert!(refusal.to_string().contains("only a new claim with updated proof of execution helps"), "{refusal}");
    assert!(late.claim.elapse(due).is_none(), "never twice");
    assert!(!late.claim.admits(Command::AddEvidence) && !late.claim.admits(Command::Dispute));
}

#[test]
fn r28_what_was_withdrawn_is_not_disputed() {
    let life = Life::withdrawn();
    let refused = try_dispute(&life.claim, words(), life.now);
    assert_eq!(refused, Err(Refusal::DisputeNotAllowed(Finality::PartnerRequest)));
    assert_eq!(life.claim.allowed_commands(Party::Partner), [Command::Comment]);
}

#[test]
fn r28_r61_disputes_are_counted_where_the_policy_counts_them() {
    let rules = rules_of("2023@1");
    let life = Life::submitted_under(&rules);
    assert_eq!(life.claim.state.submission().unwrap().disputes_left(), Some(1));
    let started = life.step(|claim, now| claim.apply(&review(ReviewFact::Started("r".into(), None)), now, &rules, now));
    let reject = |case| Fact::Review { case, fact: ReviewFact::Rejected(Vec::new(), None) };
    let life = started.step(|claim, now| claim.apply(&reject(case()), now, &rules, now));
    let life = life.step(|claim, now| claim.dispute(dispute(), Some(&admitted()), &rules, now));
    let life = life.step(|claim, now| claim.apply(&reject(second_case()), now, &rules, now));
    assert_eq!(rejection(&life.claim).remedy, Remedy::Final(Finality::NoDisputeLeft));
    let refused = life.claim.dispute(dispute(), Some(&admitted()), &rules, life.now);
    assert_eq!(refused, Err(Refusal::DisputeNotAllowed(Finality::NoDisputeLeft)));
}

#[test]
fn r28_a_dispute_passes_the_same_checks_as_a_submission() {
    let life = Life::rejected();
    let mut facts = admitted();
    facts.directory.violations.push(Fault::AlreadyClaimed.at("lines[0]"));
    let refused = life.claim.dispute(dispute(), Some(&facts), &rules(), life.now);
    assert_eq!(refused, Err(Refusal::Incomplete(vec![Fault::AlreadyClaimed.at("lines[0]")])));
}

#[test]
fn r28_facts_of_the_first_case_are_overtaken_and_those_of_the_second_count() {
    let life = Life::disputed().fact(&review(ReviewFact::Started("rita".into(), None)));
    assert!(life.last().what.is_overtaken());
    let life = life.started();
    assert_eq!(life.claim.state.kind(), StateKind::Disputed, "a disputed claim stays so while it is reviewed");
    assert_eq!(life.claim.state.submission().unwrap().reviewer.as_deref(), Some("rita"));
    assert_eq!(life.approved_by_reviewer().claim.state.kind(), StateKind::Approved);
}

#[test]
fn r21_an_answer_leads_back_to_the_dispute_that_it_was_asked_in() {
    let life = Life::disputed().started().fact(&request_action_in(second_case()));
    assert_eq!(life.claim.state.kind(), StateKind::PartnerActionRequired);
    let resubmit = || Resubmit { comment: words() };
    let life = life.step(|claim, now| claim.resubmit(resubmit(), Some(&admitted()), &rules(), now));
    assert_eq!(life.claim.state.kind(), StateKind::Disputed);
    assert_eq!(life.claim.state.submission().unwrap().review_case, second_case());
}

#[test]
fn r28_who_declined_before_has_to_approve_explicitly() {
    let life = Life::submitted().fact(&declined()).disputed_again().approved_by_reviewer();
    assert_eq!(life.last().what, What::Approved { official: false, explicit_approval_needed: true });
    let passed = life.clone().fact(&Fact::Consent(ConsentFact::WindowPassed));
    assert!(passed.last().what.is_overtaken(), "silence is no approval");
    let approved = life.clone().fact(&of_its_case(customer_approved(), &life.claim));
    assert_eq!(approved.claim.state.association(), Some(&Association::Granted { since: approved.now }));
    let silent = life.fact(&silent());
    assert_eq!(rejection(&silent.claim).primary, PrimaryRejection::CustomerDeclined);
    assert_eq!(rejection(&silent.claim).remedy, Remedy::Final(Finality::NoExplicitApproval));
}

#[test]
fn r28_who_approves_while_it_is_disputed_has_approved() {
    let life = Life::submitted().fact(&declined()).disputed_again();
    let life = life.clone().fact(&of_its_case(customer_approved(), &life.claim)).approved_by_reviewer();
    let told: Vec<_> = life.events.iter().rev().take(2).map(|event| event.what.clone()).collect();
    assert_eq!(told[1], What::Approved { official: true, explicit_approval_needed: false });
}

#[test]
fn r28_a_decline_of_a_claim_that_is_rejected_but_disputable_is_recorded_and_counts() {
    let life = Life::submitted().fact(&customer_approved()).rejected_by_reviewer().fact(&declined());
    assert_eq!(life.last().what, What::Reported(FactKind::CustomerDeclined));
    assert_eq!(rejection(&life.claim).primary, PrimaryRejection::InsufficientPoe);
    assert!(life.clone().fact(&declined()).last().what.is_overtaken(), "a repeat changes nothing");
    let life = life.disputed_again().approved_by_reviewer();
    assert_eq!(life.last().what, What::Approved { official: false, explicit_approval_needed: true });
    let withdrawn = Life::withdrawn().fact(&declined());
    assert!(withdrawn.last().what.is_overtaken(), "what is final is not declined");
}

#[test]
fn r28_an_approval_before_a_dispute_still_counts_where_nobody_declined() {
    let life = Life::submitted().fact(&customer_approved()).rejected_by_reviewer().disputed_again();
    let life = life.approved_by_reviewer();
    assert_eq!(life.claim.state.association(), Some(&Association::Granted { since: life.now }));
}

#[test]
fn r28_an_approval_that_comes_after_the_dispute_and_answers_what_was_asked_before_has_lapsed() {
    let life = Life::rejected().disputed_again().fact(&customer_approved());
    assert!(life.last().what.is_overtaken(), "the customer's service has dropped it");
}

#[test]
fn r28_a_decline_after_an_approval_counts_however_often_they_declined_before() {
    let life = Life::submitted().fact(&declined()).disputed_again();
    let life = life.clone().fact(&of_its_case(customer_approved(), &life.claim)).rejected_by_reviewer();
    assert!(life.claim.can_be_declined(life.now));
    let life = life.fact(&declined());
    assert!(!life.last().what.is_overtaken());
    assert!(life.claim.state.submission().unwrap().needs_explicit_approval());
}
