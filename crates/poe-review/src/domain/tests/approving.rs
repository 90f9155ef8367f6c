//! Approve and hold, the case's half (R23, R36).
use super::*;

fn now() -> Timestamp {
    at("2026-03-04T15:00:00Z")
}

#[test]
fn r23_an_approval_waits_for_the_hold() {
    let begun = in_phase(Phase::UnderReview).approve(&amy(), approval(5), now(), &calendar()).unwrap().unwrap();
    assert_eq!(begun.next.approval_under_way(), Some(&approval(5)));
    assert_eq!(begun.events, [CaseEvent::ApprovalBegun { decision_id: approval(5).decision_id }]);
    assert!(begun.next.clocks.running().is_empty(), "review clocks stop while lines are being held");
}

#[test]
fn r23_approving_again_joins_the_approval_under_way() {
    let approving = in_phase(Phase::Approving);
    let other = Approval { comment: "another comment".into(), ..approval(2) };
    assert_eq!(approving.approve(&lead(), other, now(), &calendar()), Ok(None));
}

#[test]
fn r23_held_lines_approve_the_case_in_the_reviewers_name() {
    let held = in_phase(Phase::Approving).held(approval(1).decision_id, now(), &calendar()).unwrap();
    assert_eq!((held.next.phase(), held.next.close_time), (Phase::Approved, Some(now())));
    assert_eq!(held.events, [CaseEvent::Approved(approval(1))]);
}

#[test]
fn r36_a_refused_hold_reopens_the_review_and_says_why() {
    let case = in_phase(Phase::Approving);
    let refused = case.not_held(approval(1).decision_id, vec![refused_line()], now(), &calendar()).unwrap();
    assert_eq!((refused.next.phase(), refused.next.close_time), (Phase::UnderReview, None));
    assert_eq!(refused.next.approval_refusals, [refused_line()]);
    let refusals = vec![refused_line()];
    assert_eq!(refused.events, [CaseEvent::ApprovalRefused { decision_id: approval(1).decision_id, refusals }]);
}

#[test]
fn r36_the_next_approval_forgets_the_last_refusal() {
    let case = in_phase(Phase::Approving);
    let reopened = case.not_held(approval(1).decision_id, vec![refused_line()], now(), &calendar()).unwrap().next;
    assert!(done(reopened.approve(&amy(), approval(2), now(), &calendar())).approval_refusals.is_empty());
}

#[test]
fn r36_an_answer_to_another_decision_changes_nothing() {
    let stale = approval(9).decision_id;
    assert_eq!(in_phase(Phase::Approving).held(stale, now(), &calendar()), None);
    assert_eq!(in_phase(Phase::Approving).not_held(stale, vec![refused_line()], now(), &calendar()), None);
}

#[test]
fn r25_a_case_closed_while_approving_stays_closed_whatever_the_registry_answers() {
    let closed = in_phase(Phase::Approving).closed(PrimaryRejection::PartnerRequest, now(), &calendar()).unwrap().next;
    assert_eq!(closed.held(approval(1).decision_id, now(), &calendar()), None);
    assert_eq!(closed.not_held(approval(1).decision_id, vec![refused_line()], now(), &calendar()), None);
}
